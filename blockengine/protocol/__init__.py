"""Wire formats only: bytes to values and back. Nothing here reads a socket or a disk."""

from __future__ import annotations
