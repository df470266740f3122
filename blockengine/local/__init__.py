"""The engine on one machine: replicas, witnesses and controllers as child processes of one supervisor.

The replicas' directories in the pools are the truth; everything else that is kept here is a cache.
"""

from __future__ import annotations
