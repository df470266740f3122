"""Two models of the engine's protocol: records, explored in full, and data, sampled."""

from __future__ import annotations
