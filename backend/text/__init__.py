"""The sanitising boundary: hostile bytes in, safe text out.

Everything a cluster, a kubeconfig or a plugin says passes here before it reaches a widget, a file or a
terminal. Kubernetes lets a pod's annotation carry a clipboard write, a log line move the cursor, a name
read right to left; CVE-2021-25743 was kubectl's lesson. The rest of the program accepts only ``SafeStr``.
"""

from backend.text.count import counted, shown_of
from backend.text.safe import ELLIPSIS, SafeStr, safe_text
from backend.text.width import cells, fit

__all__ = ["ELLIPSIS", "SafeStr", "cells", "counted", "fit", "safe_text", "shown_of"]
