"""What a volume may answer: one register per unit, and the operations under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from blockengine.verify.blocks import Torn, operation
from blockengine.verify.history import NotLinearizable, Register

# Under way on one unit: the orders of more would take for ever to follow.
_MOST_AT_ONCE = 6


class Violation(Exception):
    """A promise was broken; the message says which."""


@dataclass
class Write:
    """When a write was asked for and answered, by the count of such events; 0: never."""

    number: int
    begun: int
    ended: int = 0


@dataclass
class Taken:
    """A snapshot: what each unit may hold, and the newest writes then; `values` once it was read."""

    allowed: list[frozenset[Hashable]]
    recent: list[list[Write]]
    values: list[int] = field(default_factory=list)


def _one_moment(name: str, taken: Taken, values: list[int]) -> None:
    """No unit may lack a write that was answered before another write was asked for that is there."""
    known = [{write.number: write for write in writes} for writes in taken.recent]
    moment = max(
        (known[unit][value].begun for unit, value in enumerate(values) if value in known[unit]), default=0
    )
    for unit, value in enumerate(values):
        held = known[unit].get(value)
        if held is None or not held.ended:
            continue
        for write in taken.recent[unit]:
            if write.begun > held.ended and 0 < write.ended < moment:
                raise Violation(
                    f"snapshot {name} is of no one moment: unit {unit} holds {value}, but {write.number} was "
                    "answered before a write began that it has elsewhere"
                )


class Judge:
    """Follows what was asked and answered. Operations have unique numbers, drawn by `number`.

    A flush is asked of units that changed since the last one only: for the others it changes
    nothing.
    """

    def __init__(self, units: int) -> None:
        self._registers = [Register(0) for _ in range(units)]
        self._changed: set[int] = set()
        self._flushing: dict[int, list[int]] = {}
        self._last = self._clock = 0
        self._pending: dict[int, Write] = {}
        self._recent = [deque[Write](maxlen=64) for _ in range(units)]
        self.checked = 0

    def number(self) -> int:
        """The next operation's number."""
        self._last += 1
        return self._last

    def crowded(self, units: Iterable[int]) -> bool:
        """Whether so much is under way on one of these units that no more should be asked of it."""
        return any(self._registers[unit].under_way >= _MOST_AT_ONCE for unit in units)

    def write_begins(self, number: int, units: Iterable[int], value: Hashable) -> None:
        self._clock += 1
        write = Write(number, self._clock)
        for unit in units:
            self._registers[unit].write_begins(number, value)
            self._changed.add(unit)
            self._recent[unit].append(write)
        self._pending[number] = write

    def write_ends(self, number: int, units: Iterable[int]) -> None:
        """Raises: Violation."""
        self.checked += 1
        self._changed.update(units)
        self._clock += 1
        if (write := self._pending.pop(number, None)) is not None:
            write.ended = self._clock
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

    # Snapshots.

    def snapshot_begins(self) -> int:
        """One was asked for; its moment is not before now. What to give to `snapshot_ends`."""
        number = self.number()
        for register in self._registers:
            register.read_begins(number)
        return number

    def snapshot_ends(self, number: int) -> Taken | None:
        """Its moment is not after now. None if nobody can tell any more what it may hold."""
        allowed = [register.window_closes(number) for register in self._registers]
        if any(values is None for values in allowed):
            return None
        recent = [list(writes) for writes in self._recent]
        return Taken([values or frozenset() for values in allowed], recent)

    def snapshot_read(self, name: str, taken: Taken, data: bytes, size: int) -> None:
        """All units of a snapshot were read. Raises: Violation."""
        self.checked += 1
        try:
            values = [
                operation(unit, data[unit * size : unit * size + size]) for unit in range(len(taken.allowed))
            ]
        except Torn as error:
            raise Violation(f"snapshot {name}: {error}") from None
        if taken.values:
            for unit, (before, now) in enumerate(zip(taken.values, values, strict=True)):
                if before != now:
                    raise Violation(f"snapshot {name}, unit {unit}: it held {before}, now {now}")
            return
        for unit, value in enumerate(values):
            if value not in taken.allowed[unit]:
                told = ", ".join(sorted(map(str, taken.allowed[unit])))
                raise Violation(f"snapshot {name}, unit {unit} holds {value}; possible were {told}")
        _one_moment(name, taken, values)
        taken.values = values

    # Restores.

    def restore_begins(self, taken: Taken) -> list[int]:
        """One was asked for, to a snapshot that was read: every unit is being written. For `restore_ends`."""
        numbers = []
        for register, value in zip(self._registers, taken.values, strict=True):
            numbers.append(self.number())
            register.write_begins(numbers[-1], value)
        return numbers

    def restore_ends(self, numbers: list[int]) -> None:
        """All of it was done, durably; what was under way is decided, for clients were hung up on.

        Raises: Violation.
        """
        self.checked += 1
        for unit, (number, register) in enumerate(zip(numbers, self._registers, strict=True)):
            try:
                register.write_ends(number)
            except NotLinearizable as error:
                raise Violation(f"a restore, unit {unit}: {error}") from None
        self._all_durable()

    def restore_withdrawn(self, numbers: list[int]) -> None:
        """It was cancelled: every unit is what it was, durably; what was under way is decided.

        Raises: Violation.
        """
        self.checked += 1
        for unit, (number, register) in enumerate(zip(numbers, self._registers, strict=True)):
            try:
                register.withdraw(number)
            except NotLinearizable as error:
                raise Violation(f"a restore that was cancelled, unit {unit}: {error}") from None
        self._all_durable()

    def _all_durable(self) -> None:
        """Clients were hung up on, and what there is was flushed."""
        self.fenced()
        self.restore_unknown()
        for register in self._registers:
            flush = self.number()
            register.flush_begins(flush)
            register.flush_ends(flush, durable=True)

    def restore_unknown(self) -> None:
        """There may have been one: what was answered before is no measure of a later snapshot's moment."""
        for writes in self._recent:
            writes.clear()

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
        # What was answered before may be gone.
        self.restore_unknown()
        for register in self._registers:
            register.lost_power()
