"""Comparing resource versions, which servers promise to be comparable decimal numbers (KEP-5504)."""

from __future__ import annotations


def is_newer(version: str, than: str) -> bool:
    """Whether ``version`` is newer; versions that are no decimal numbers count as newer, they can't be told.

    By length, then by digits: without leading zeros that is the numeric order, however long they get (R11).
    """
    if not _decimal(version) or not _decimal(than):
        return version != than
    return (len(version), version) > (len(than), than)


def _decimal(version: str) -> bool:
    return version.isascii() and version.isdigit()
