"""Keeps groups true while events come, change and grow old: what a view of events is made of."""

from __future__ import annotations

from collections.abc import Iterable

from backend.fleet.row import Row, RowKey
from backend.observe.events.group import GroupKey, key_of, made, row_of
from backend.observe.events.seen import Seen, newer
from backend.observe.events.selection import Selection
from backend.text import SafeStr


class Grouping:
    """The groups of the events that a selection means, of many clusters.

    Changes are collected: :meth:`changes` works out each touched group once, however many events it got.
    """

    def __init__(self, selection: Selection) -> None:
        self._since = selection.since
        self._grouped = selection.grouped
        self._chooser = selection.chooser()
        self._groups: dict[str, dict[GroupKey, tuple[Seen, ...]]] = {}
        """Of each cluster. Tuples of such structs are nothing for the garbage collector."""
        self._rows: dict[RowKey, Row] = {}
        self._touched: set[tuple[str, GroupKey]] = set()
        self._queue: list[tuple[str, GroupKey]] = []
        """What of them is worked out next, the next one last."""
        self._names: dict[str, SafeStr] = {}

    @property
    def rows(self) -> dict[RowKey, Row]:
        """As of the last :meth:`changes`."""
        return self._rows

    @property
    def pending(self) -> bool:
        return bool(self._touched)

    def take(self, cluster_id: str, cluster: SafeStr, events: Iterable[Seen], *, now: float) -> None:
        """New events and new states of known ones; those not meant are passed over."""
        self._names[cluster_id] = cluster
        groups = self._groups.setdefault(cluster_id, {})
        wants, bound = self._chooser.wants, self._bound(now)
        came: dict[GroupKey, dict[str, Seen]] = {}
        for event in events:
            if (event.last >= bound or not event.last) and wants(event):
                key = key_of(event)
                fresh = came.setdefault(key if self._grouped else (*key[:3], f"{key[3]}\0{event.uid}"), {})
                known = fresh.get(event.uid)
                fresh[event.uid] = event if known is None else newer(known, event)
        for key, fresh in came.items():
            members = {one.uid: one for one in groups.get(key, ())}
            before = dict(members)
            for uid, event in fresh.items():
                members[uid] = newer(members[uid], event) if uid in members else event
            if members != before:
                groups[key] = tuple(members.values())
                self._touched.add((cluster_id, key))

    def expire(self, now: float) -> None:
        """Let go of events that the range has left behind."""
        bound = self._bound(now)
        if not bound:
            return
        for cluster_id, groups in self._groups.items():
            for key, members in groups.items():
                if min(one.last or bound for one in members) < bound:
                    groups[key] = tuple(one for one in members if one.last >= bound or not one.last)
                    self._touched.add((cluster_id, key))

    def changes(self, most: int | None = None) -> tuple[list[Row], list[RowKey]]:
        """(rows that are new or changed, keys of those that are gone) since the last time.

        ``most``: groups that are worked out now; the rest stays :attr:`pending`."""
        changed: list[Row] = []
        removed: list[RowKey] = []
        count = len(self._touched) if most is None else min(most, len(self._touched))
        for cluster_id, key in self._next(count):
            members = self._groups[cluster_id][key]
            if members:
                row = row_of(made(key, members), cluster_id=cluster_id, cluster=self._names[cluster_id])
                self._rows[row.key] = row
                changed.append(row)
                continue
            del self._groups[cluster_id][key]
            gone = (cluster_id, "\0".join(key))
            if self._rows.pop(gone, None) is not None:
                removed.append(gone)
        return changed, removed

    def _next(self, count: int) -> list[tuple[str, GroupKey]]:
        """So many of the touched groups, neighbours together: a table finds their place with one look."""
        found: list[tuple[str, GroupKey]] = []
        while len(found) < count:
            if not self._queue:
                names = self._names
                self._queue = sorted(
                    self._touched, key=lambda one: (names[one[0]], *one[1][1:]), reverse=True
                )
            one = self._queue.pop()
            if one in self._touched:
                self._touched.discard(one)
                found.append(one)
        return found

    def members(self, row_key: RowKey) -> tuple[Seen, ...]:
        """The single events of a row, the latest first."""
        cluster_id, identity = row_key
        kind, namespace, name, reason = identity.split("\0", 3)
        found = self._groups.get(cluster_id, {}).get((kind, namespace, name, reason), ())
        return tuple(sorted(found, key=lambda one: -one.last))

    def _bound(self, now: float) -> float:
        return now - self._since if self._since else 0.0
