"""The storage systems that can be reached from here."""

from __future__ import annotations

from backend.storage.engine import BlockEngine
from backend.storage.system import StorageSystem


def here() -> StorageSystem:
    """The one of this machine. Others, beside it, will be adapters of the same shape."""
    return BlockEngine()
