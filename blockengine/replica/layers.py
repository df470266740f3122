"""Which layers a replica has, and what each boundary between them is good for.

A layer but the last froze at a cut. Its snapshot's id stands beside it in the chain; 0 says that
the boundary means nothing any more. Boundaries that the volume's list does not name are merged
away (`replica.merging`): the list is the truth, a layer alone makes no snapshot.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from blockengine.replica.files import Directory
from blockengine.replica.identity import Chain, Merge
from blockengine.replica.slots import Slots
from blockengine.replica.store import Store
from blockengine.replica.trust import Trust

_ENDS = ("data", "sums", "map")


class Layers:
    """The chain on disk, and the store that reads through it."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._slots = Slots(directory.open("chain"), "chain", Chain)
        self.chain = self._slots.load()
        self.store = Store(directory, list(self.chain.layers))
        # How many bytes of which layer a merge under way has copied: for people only.
        self.moving, self.moved = "", 0

    @staticmethod
    def create(directory: Directory) -> None:
        """The files of one empty layer; they exist once the directory is synced."""
        for end in _ENDS:
            directory.create(f"layer-0.{end}").close()
        Slots.create(directory, "chain", Chain(("layer-0",), (), 1)).close()

    def drop_unknown(self) -> None:
        """Remove layers that the chain does not name: what a stop left."""
        known = {f"{layer}.{end}" for layer in self.chain.layers for end in _ENDS}
        for name in self._directory.names():
            if name.startswith("layer-") and name not in known:
                self._directory.remove(name)

    # Looking.

    @property
    def snapshots(self) -> tuple[int, ...]:
        """The ids of the cuts that there are layers for, oldest first; 0 is none."""
        return self.chain.snapshots

    def level(self, snapshot: int) -> int:
        """Which layer froze at a snapshot; that of live bytes for 0.

        Raises: ValueError if there is no such snapshot here.
        """
        if not snapshot:
            return len(self.chain.layers) - 1
        if snapshot not in self.chain.snapshots:
            raise ValueError(f"no snapshot {snapshot:x} here")
        return self.chain.snapshots.index(snapshot)

    def changed(self, first: int, count: int, *, view: int, since: int) -> list[tuple[int, bool]]:
        """(blocks, whether they may differ) between a snapshot and a later one, or live bytes for view 0.

        `since` 0 is the beginning, when all was zeroes. Raises: ValueError.
        """
        newest = self.level(view)
        oldest = self.level(since) if since else -1
        if oldest > newest:
            raise ValueError("the second snapshot is older than the first")
        return self.store.changed(first, count, above=oldest, newest=newest)

    # Changing.

    def cut(self, snapshot: int, trust: Trust) -> None:
        """Start a new top layer; what is below it, flushed, is the snapshot. Durable on return.

        Raises: ValueError for an id that is taken; OSError.
        """
        self._check_new([snapshot])
        self._push([snapshot], trust)

    def fit(self, wanted: Sequence[int]) -> bool:
        """Whether `align` can go on from what there is."""
        have = [snapshot for snapshot in self.chain.snapshots if snapshot in wanted]
        return have == list(wanted[: len(have)])

    def align(self, wanted: Sequence[int], trust: Trust) -> None:
        """Have a boundary for each of these snapshots, in this order; if they don't `fit`, begin anew.

        For a replica out of sync that is about to be filled: what its layers hold is compared block by
        block. Layers in another order are of no use. A merge under way is forgotten, because what it has
        copied already may be filled anew. Raises: OSError.
        """
        self._save(replace(self.chain, merging=None), trust)
        if not self.fit(wanted):
            self._begin_anew(trust)
        have = [snapshot for snapshot in self.chain.snapshots if snapshot in wanted]
        if missing := wanted[len(have) :]:
            self._push(list(missing), trust)

    def _begin_anew(self, trust: Trust) -> None:
        name = f"layer-{self.chain.next_number}"
        self.drop_unknown()
        self.store.push(name)
        with trust.promising():
            self._directory.sync()
        self._save(Chain((name,), (), self.chain.next_number + 1), trust)
        self.store.keep_top_only()
        self.drop_unknown()

    def _push(self, snapshots: Sequence[int], trust: Trust) -> None:
        chain = self.chain
        self.drop_unknown()
        names = tuple(f"layer-{chain.next_number + place}" for place in range(len(snapshots)))
        made = 0
        try:
            for name in names:
                self.store.push(name)
                made += 1
        except OSError:
            self.store.pop(made)
            raise
        with trust.promising():
            self._directory.sync()
        after = Chain(
            (*chain.layers, *names),
            (*chain.snapshots, *snapshots),
            chain.next_number + len(names),
            chain.merging,
        )
        self._save(after, trust)

    def _check_new(self, snapshots: Collection[int]) -> None:
        for snapshot in snapshots:
            if snapshot < 0 or (snapshot and snapshot in self.chain.snapshots):
                raise ValueError(f"a cut needs an id of its own, not {snapshot}")

    def merged_so_far(self, lower: str, upper: str) -> int:
        """The first block that an earlier merge of these two layers did not reach."""
        merging = self.chain.merging
        return merging.block if merging and (merging.lower, merging.upper) == (lower, upper) else 0

    def note_merged(self, lower: str, upper: str, block: int, trust: Trust) -> None:
        """Blocks before this one have been merged, durably."""
        self._save(replace(self.chain, merging=Merge(lower, upper, block)), trust)

    def collapse(self, lower: str, trust: Trust) -> None:
        """A layer holds, durably, all of the one above it, and takes its place."""
        chain = self.chain
        place = chain.layers.index(lower)
        layers = (*chain.layers[: place + 1], *chain.layers[place + 2 :])
        snapshots = (*chain.snapshots[:place], *chain.snapshots[place + 1 :])
        self._save(Chain(layers, snapshots, chain.next_number), trust)
        self.store.drop(place + 1)
        self.drop_unknown()

    def _save(self, chain: Chain, trust: Trust) -> None:
        if chain != self.chain:
            with trust.promising():
                self._slots.save(chain)
            self.chain = chain

    def close(self) -> None:
        self._slots.close()
