"""How the engine is tested, shipped with it: a user can run the same checks on a scratch volume."""

from __future__ import annotations
