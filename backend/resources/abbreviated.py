"""Lists in one cell, cut where kubectl cuts them."""

from __future__ import annotations

from collections.abc import Sequence

_SHOWN = 3


def first_few(texts: Sequence[str], *, none: str = "<unset>") -> str:
    """``a,b,c + 2 more...``: at most three; ``none`` when there are none. Source: kubectl's printers."""
    if len(texts) > _SHOWN:
        return f"{','.join(texts[:_SHOWN])} + {len(texts) - _SHOWN} more..."
    return ",".join(texts) or none
