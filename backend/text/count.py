"""Numbers with what they count, as people write them."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """``1 row``, ``12,861 rows``; for nouns whose plural ends in *s*."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def shown_of(shown: int, total: int, noun: str) -> str:
    """``12 rows``, or ``3 of 12 rows`` where a filter hides some."""
    return counted(total, noun) if shown == total else f"{shown:,} of {counted(total, noun)}"
