"""One replica: a volume's bytes on one node, with what is needed to trust them after a crash.

docs/engine-format.md describes every file byte by byte.
"""

from __future__ import annotations
