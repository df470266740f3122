"""The list of a volume's snapshots: what may be on it."""

from __future__ import annotations

import pytest

from blockengine.membership.catalog import MOST, Catalog, Snapshot, decoded, encoded
from blockengine.membership.record import Epoch, Position

AT = Position(Epoch(1, 1), 1)


def snapshot(number: int) -> Snapshot:
    return Snapshot(number, f"s{number}", 4096, 0, AT)


def test_there_are_250_snapshots_at_most() -> None:
    catalog = Catalog()
    for number in range(1, MOST + 1):
        catalog = catalog.added(snapshot(number))
    assert len(catalog.ids) == MOST == 250
    with pytest.raises(ValueError, match="250 snapshots, which is the most; delete one first"):
        catalog.added(snapshot(MOST + 1))
    # One that goes makes room, and the longest list travels whole.
    fewer = catalog.without("s7").added(snapshot(MOST + 1))
    assert decoded(encoded(fewer)) == fewer
