"""A volume's size, and how it is cut into regions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Geometry(NamedTuple):
    """All in bytes."""

    size: int
    block_size: int
    region_size: int

    @property
    def regions(self) -> int:
        """How many regions there are; the last may be short."""
        return -(-self.size // self.region_size)

    def region(self, number: int) -> tuple[int, int]:
        """(offset, length) of a region."""
        offset = number * self.region_size
        return offset, min(self.region_size, self.size - offset)

    def pieces(self, offset: int, length: int) -> Iterator[tuple[int, int]]:
        """(offset, length) of a range cut where regions meet."""
        end = offset + length
        while offset < end:
            stop = min(end, (offset // self.region_size + 1) * self.region_size)
            yield offset, stop - offset
            offset = stop
