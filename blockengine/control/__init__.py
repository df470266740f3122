"""The control API: what an engine of several volumes is asked and told over HTTP.

It knows no processes and no pods: `engine.Engine` is the seam. `blockengine.local` runs one on
plain processes.
"""

from __future__ import annotations
