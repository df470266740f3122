"""Stored revisions in, releases out: a live table's row is the latest revision of each.

Revisions come as metadata alone; what only the payload knows (chart, app version, description) is read once a
release is known, some at a time, and the row is put again with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from contextlib import aclosing

from backend.fleet.cluster import Cluster, Target
from backend.fleet.feed import Changes, Feed
from backend.fleet.query import Query
from backend.integrations.helm.payload import BadRelease, Head
from backend.integrations.helm.store import (
    OWNED,
    ReleaseKey,
    Revision,
    by_release,
    heads,
    latest,
    revision_of,
    shown,
)
from backend.kube.errors import KubeError
from backend.kube.listing import Scope
from backend.kube.objects import Change, Item, ItemKey, key_of


class ReleaseFeed(Feed):
    """The sink of one reflector over stored revisions."""

    def __init__(
        self,
        cluster: Cluster,
        target: Target,
        changes: Changes,
        *,
        namespace: str | None,
        names: Sequence[str] = (),
    ) -> None:
        super().__init__(cluster, target, changes, namespace=namespace, names=names)
        assert target.stored is not None
        self._store = target.stored
        self._held: dict[ItemKey, Revision] = {}
        """Every stored revision, by the object that holds it."""
        self._heads: dict[ItemKey, tuple[str, Head | BadRelease]] = {}
        """Payloads that were read, each with the version of its object: Helm writes them again."""
        self._reading: asyncio.Task[None] | None = None

    def scope(self, query: Query) -> Scope:
        one = query.names[0] if len(query.names) == 1 and not set(query.names[0]) & set("*?[") else ""
        labels = ",".join(filter(None, (OWNED, f"name={one}" if one else "", query.labels)))
        return Scope(namespace=self.namespace, labels=labels)

    def close(self) -> None:
        if self._reading is not None:
            self._reading.cancel()

    # --- what the reflector says

    def page(self, items: Sequence[Item], *, done: int, total: int | None) -> None:
        self._show({release for item in items for release in self._hold(item)})

    def replace(self, items: Sequence[Item], *, resource_version: str) -> None:
        before = {revision.key for revision in self._held.values()}
        self._held = {}
        now = {release for item in items for release in self._hold(item)}
        self._heads = {key: head for key, head in self._heads.items() if key in self._held}
        self._show(before | now)

    def change(self, type: Change, item: Item) -> None:
        if type == "DELETED":
            gone = self._held.pop(key_of(item), None)
            self._heads.pop(key_of(item), None)
            self._show({gone.key} if gone is not None else set())
        else:
            self._show(self._hold(item))

    def _hold(self, item: Item) -> set[ReleaseKey]:
        revision = revision_of(item.metadata)
        if revision is None:
            return set()
        self._held[revision.stored] = revision
        return {revision.key}

    # --- what is made of it

    def _show(self, releases: Collection[ReleaseKey]) -> None:
        if not releases:
            return
        kind = self._kind()
        held = by_release(self._held.values())
        for key in releases:
            if key in held:
                self._put(shown(held[key], self._head(latest(held[key]))), kind)
            else:
                self._drop(key)
        if self._unread() and self._reading is None:
            self._reading = asyncio.create_task(self._read(), name=f"helm payloads {self.cluster.name}")

    def _head(self, revision: Revision) -> Head | BadRelease | None:
        version, head = self._heads.get(revision.stored, ("", None))
        return head if version == revision.metadata.resource_version else None

    def _unread(self) -> dict[ItemKey, Revision]:
        """The latest revisions of wanted releases whose payload is not known."""
        found = (latest(of_one) for of_one in by_release(self._held.values()).values())
        return {
            revision.stored: revision
            for revision in found
            if self._wanted(revision.release) and self._head(revision) is None
        }

    async def _read(self) -> None:
        """Read payloads until all are known."""
        while unread := self._unread():
            try:
                async with aclosing(
                    heads(self.cluster.client, self._store, unread, namespace=self.namespace)
                ) as payloads:
                    async for key, head in payloads:
                        self._take(unread.pop(key), head)
                missing = BadRelease("it was not given")
            except KubeError as error:
                missing = BadRelease(error.sentence)
            for revision in unread.values():
                self._take(revision, missing)
        self._reading = None

    def _take(self, revision: Revision, head: Head | BadRelease) -> None:
        self._heads[revision.stored] = (revision.metadata.resource_version, head)
        self._show({revision.key})
