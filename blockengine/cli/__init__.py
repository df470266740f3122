"""`python -m blockengine …`: the engine's processes, and tools for one replica."""

from __future__ import annotations
