"""Where a reflector pours what it learns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from backend.kube.objects import Change, Item
from backend.kube.status import Status


class Sink(Protocol):
    """The consumer's side of one reflector. Every call returns at once: it runs on the loop between reads.

    The order: ``status(SYNCING)``, ``page``…, ``replace``, then ``change`` and ``status`` as they come; after
    a gap ``replace`` again. Never ``change`` between ``page`` and ``replace``. What a sink can't draw yet it
    coalesces per object: the last state wins, so its memory is bounded by the table, not by the traffic.
    """

    def status(self, status: Status) -> None:
        """The feed's state changed, or its progress did."""

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        """A page of the very first sync: paint it now. ``done`` of ``total`` objects are here.

        Objects of an earlier, abandoned first list may come again: the same key replaces the row.
        """

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        """A finished list: the whole truth at that version. What is not in it was deleted."""

    def change(self, type: Change, item: Item) -> None:
        """One object was added, changed or deleted; for each object in the server's order."""
