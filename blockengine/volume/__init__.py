"""One volume as its clients see it: front ends, over whatever keeps the bytes."""

from __future__ import annotations
