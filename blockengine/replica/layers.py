"""Which layers a replica has: the chain on disk, and how a new one is started."""

from __future__ import annotations

from blockengine.replica.files import Directory
from blockengine.replica.identity import Chain
from blockengine.replica.slots import Slots
from blockengine.replica.store import Store
from blockengine.replica.trust import Trust

_ENDS = ("data", "sums", "map")


class Layers:
    """The chain of layers. What the chain does not name was left by a stop, and goes."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._slots = Slots(directory.open("chain"), "chain", Chain)
        self.chain = self._slots.load()

    @staticmethod
    def create(directory: Directory) -> None:
        """The files of one empty layer; they exist once the directory is synced."""
        for end in _ENDS:
            directory.create(f"layer-0.{end}").close()
        Slots.create(directory, "chain", Chain(("layer-0",), (), 1)).close()

    def drop_unknown(self) -> None:
        """Remove layers that the chain does not name."""
        known = {f"{layer}.{end}" for layer in self.chain.layers for end in _ENDS}
        for name in self._directory.names():
            if name.startswith("layer-") and name not in known:
                self._directory.remove(name)

    def check_name(self, snapshot: str) -> None:
        """Raises: ValueError for a name that is taken or empty."""
        if not snapshot or snapshot in self.chain.snapshots:
            raise ValueError(f"a snapshot needs a name of its own, not {snapshot!r}")

    def cut(self, snapshot: str, store: Store, trust: Trust) -> None:
        """Start a new top layer; what is below it, flushed, is the snapshot. Durable on return.

        Raises: OSError.
        """
        chain = self.chain
        name = f"layer-{chain.next_number}"
        self.drop_unknown()
        store.push(name)
        after = Chain((*chain.layers, name), (*chain.snapshots, snapshot), chain.next_number + 1)
        with trust.promising():
            self._directory.sync()
            self._slots.save(after)
        self.chain = after

    def close(self) -> None:
        self._slots.close()
