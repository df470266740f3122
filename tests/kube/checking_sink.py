"""A sink that keeps what it is told, and objects to what a reflector must never say."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from backend.kube.objects import Change, Item
from backend.kube.status import State, Status
from backend.kube.versions import is_newer
from tests.kube.collection import Thing


class CheckingSink:
    def __init__(self) -> None:
        self.rows: dict[str, Thing] = {}
        self.statuses: list[Status] = []
        self.replaced: list[str] = []
        self.painted: list[int] = []
        self._listing = False
        self._shown: dict[str, str] = {}

    @property
    def state(self) -> State:
        return self.statuses[-1].state

    def status(self, status: Status) -> None:
        self.statuses.append(status)

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        assert not self.replaced, "pages are painted during the very first sync only"
        self._listing = True
        self.painted.append(done)
        assert total is None or done <= total

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        self._listing = False
        self.replaced.append(resource_version)
        for item in items:
            self._in_order(item, again=True)
        self.rows = {item.metadata.name: cast(Thing, item) for item in items}

    def change(self, type: Change, item: Item) -> None:
        assert not self._listing, "no change may come between the pages of a list and its end"
        self._in_order(item, again=False)
        if type == "DELETED":
            shown = self.rows.get(item.metadata.name)
            if shown is not None and shown.metadata.uid == item.metadata.uid:
                del self.rows[item.metadata.name]
        else:
            self.rows[item.metadata.name] = cast(Thing, item)

    def seen(self) -> dict[str, tuple[str, int]]:
        return {name: (row.metadata.resource_version, row.value) for name, row in self.rows.items()}

    def _in_order(self, item: Item, *, again: bool) -> None:
        """States of one object are shown in the server's order; only a list may repeat one."""
        version, before = item.metadata.resource_version, self._shown.get(item.metadata.uid)
        if before is not None and not (again and version == before):
            assert is_newer(version, before), f"{item.metadata.name}: {version} shown after {before}"
        self._shown[item.metadata.uid] = version
