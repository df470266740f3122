"""What a volume may answer: one register per unit, and the operations under way."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from blockengine.verify.blocks import Torn, operation
from blockengine.verify.history import NotLinearizable, Register


class Violation(Exception):
    """A promise was broken; the message says which."""


class Judge:
    """Follows what was asked and answered. Operations have unique numbers, drawn by `number`.

    A flush is asked of units that changed since the last one only: for the others it changes
    nothing.
    """

    def __init__(self, units: int) -> None:
        self._registers = [Register(0) for _ in range(units)]
        self._changed: set[int] = set()
        self._flushing: dict[int, list[int]] = {}
        self._last = 0
        self.checked = 0

    def number(self) -> int:
        """The next operation's number."""
        self._last += 1
        return self._last

    def write_begins(self, number: int, units: Iterable[int], value: Hashable) -> None:
        for unit in units:
            self._registers[unit].write_begins(number, value)
            self._changed.add(unit)

    def write_ends(self, number: int, units: Iterable[int]) -> None:
        """Raises: Violation."""
        self.checked += 1
        self._changed.update(units)
        for unit in units:
            try:
                self._registers[unit].write_ends(number)
            except NotLinearizable as error:
                raise Violation(f"unit {unit}: {error}") from None

    def read_begins(self, number: int, units: Iterable[int]) -> None:
        for unit in units:
            self._registers[unit].read_begins(number)

    def read_ends(self, number: int, units: Iterable[int], data: bytes, size: int) -> None:
        """Raises: Violation."""
        self.checked += 1
        for place, unit in enumerate(units):
            try:
                value = operation(unit, data[place * size : place * size + size])
                self._registers[unit].read_ends(number, value)
            except (Torn, NotLinearizable) as error:
                raise Violation(f"unit {unit}: {error}") from None

    def flush_begins(self, number: int) -> None:
        units = self._flushing[number] = sorted(self._changed)
        self._changed.clear()
        for unit in units:
            self._registers[unit].flush_begins(number)

    def flush_ends(self, number: int, *, durable: bool) -> None:
        """It was answered, or (not `durable`) it never will be."""
        self.checked += durable
        for unit in self._flushing.pop(number):
            self._registers[unit].flush_ends(number, durable=durable)
            self._changed.update(() if durable else (unit,))

    def fenced(self) -> None:
        """A new controller serves. What is under way is decided, and nobody will be told."""
        for number in list(self._flushing):
            self.flush_ends(number, durable=False)
        for register in self._registers:
            register.fenced()

    def lost_power(self) -> None:
        """Every member in sync lost what it had not flushed."""
        for register in self._registers:
            register.lost_power()
