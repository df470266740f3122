"""When and why an operator forced the volume into another lineage: kept on every voter."""

from __future__ import annotations

from blockengine.membership.record import Override
from blockengine.replica.files import Directory
from blockengine.replica.slots import Slots

_KEPT = 64


class Overrides:
    """The newest of them, in a file that is made with the first."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.all: tuple[Override, ...] = ()
        if "overrides" in directory.names():
            slots = Slots(directory.open("overrides"), "overrides", tuple[Override, ...])
            self.all = slots.load()
            slots.close()

    def add(self, override: Override) -> None:
        """Durable on return; one that is there already is not repeated. Raises: OSError."""
        if override in self.all:
            return
        self.all = (*self.all, override)[-_KEPT:]
        if "overrides" in self._directory.names():
            slots = Slots(self._directory.open("overrides"), "overrides", tuple[Override, ...])
            slots.load()
            slots.save(self.all)
        else:
            slots = Slots.create(self._directory, "overrides.new", self.all)
            self._directory.rename("overrides.new", "overrides")
            self._directory.sync()
        slots.close()
