"""Navarch's replicated block engine: plain processes that keep a volume's bytes on several machines.

It stands alone: it imports neither the console nor the backend, which start it as
`python -m blockengine …` and speak its control API.
"""

from __future__ import annotations

VERSION = "0.1.0.dev0"
