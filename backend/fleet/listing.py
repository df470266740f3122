"""One look at many clusters: lists, all at the same time, no watches. What ``navarch get`` prints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backend.fleet.cluster import Cluster, Target
from backend.fleet.query import Query
from backend.fleet.row import Row, make_row
from backend.kube.errors import DeadlineExceeded, Expired, Forbidden, Invalid, KubeError
from backend.kube.objects import ApiResource
from backend.resources.kind import Kind
from backend.text import SafeStr, safe_text

_AHEAD = 4
"""Pages that may wait for their reader, over all clusters: bounds memory when a cluster sends quickly."""
_NOTHING = SafeStr("")
_RESTARTS = 2
"""How often a list whose continue token aged out is begun again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A piece of one cluster's list. ``done`` comes exactly once per cluster, with ``error`` if it failed."""

    cluster: Cluster
    target: Target | None = None
    rows: tuple[Row, ...] = ()
    body: bytes = b""
    """The page as the server sent it, when whole objects were asked for."""
    restarted: bool = False
    """What this cluster gave so far of this kind (and ``namespace``, if one is named) is void: its list
    begins again."""
    namespace: str | None = None
    skipped: int = 0
    limited: SafeStr = _NOTHING
    """Why only some namespaces, or some of a category's kinds, were asked, if so."""
    mixed: bool = False
    """The query names a category here: pieces of several kinds come."""
    error: KubeError | None = None
    done: bool = False

    names: Sequence[str] = ()
    """The query's names, for whoever reads ``body``."""

    def voids(self, resource: ApiResource, namespace: str) -> bool:
        """Whether a row of this kind and namespace, given earlier by this cluster, is void."""
        same = self.target is not None and self.target.resource.full_name == resource.full_name
        return self.restarted and same and self.namespace in {None, namespace}

    def wanted(self, name: str) -> bool:
        """Whether the query's names (or globs) mean an object of this name."""
        return not self.names or any(fnmatchcase(name, pattern) for pattern in self.names)

    @property
    def kind(self) -> Kind | None:
        return self.target.printed() if self.target is not None else None


async def list_once(
    clusters: Sequence[Cluster], query: Query, *, objects: bool = False, timeout: float = 30.0
) -> AsyncGenerator[Listed, None]:
    """Every cluster's list, in pieces as they arrive.

    ``objects``: pages of whole objects (``body``) instead of rows. ``timeout``: seconds for one cluster's
    whole list. A cluster that fails ends with its error; the others go on.
    """
    pieces: asyncio.Queue[Listed | BaseException] = asyncio.Queue(maxsize=_AHEAD)

    async def run(cluster: Cluster) -> None:
        try:
            async with asyncio.timeout(timeout):
                async with aclosing(_Lister(cluster, query, objects=objects).pieces()) as found:
                    async for piece in found:
                        await pieces.put(piece)
            await pieces.put(Listed(cluster=cluster, done=True))
        except KubeError as error:
            if isinstance(error, Invalid) and query.labels:
                error.advice = safe_text(f"Check the label selector: {query.labels}", limit=200)
            await pieces.put(Listed(cluster=cluster, error=error, done=True))
        except TimeoutError:
            late = DeadlineExceeded(
                cluster.name,
                f"its list of {query.kind} was not complete after {timeout:g} s",
                advice="Give it more time with --timeout SECONDS, or narrow the query.",
            )
            await pieces.put(Listed(cluster=cluster, error=late, done=True))
        except Exception as error:
            await pieces.put(error)

    tasks = [asyncio.create_task(run(cluster), name=f"list {cluster.name}") for cluster in clusters]
    running = len(tasks)
    try:
        while running:
            piece = await pieces.get()
            if isinstance(piece, BaseException):
                raise piece
            running -= piece.done
            yield piece
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class _Lister:
    """Lists what a query means on one cluster."""

    def __init__(self, cluster: Cluster, query: Query, *, objects: bool) -> None:
        self._cluster = cluster
        self._query = query
        self._objects = objects
        self._names = query.names
        self._mixed = False

    async def pieces(self) -> AsyncGenerator[Listed, None]:
        """The kind's list; of a category, each kind's, without those that may not be listed."""
        targets = await self._cluster.resolve_all(self._query.kind)
        self._mixed = len(targets) > 1
        refused: dict[str, Forbidden] = {}
        for target in targets:
            try:
                async with aclosing(self._of(target)) as found:
                    async for piece in found:
                        yield piece
            except Forbidden as error:
                refused[target.resource.full_name] = error
        if len(refused) == len(targets):
            raise next(iter(refused.values()))
        if refused:
            yield Listed(cluster=self._cluster, limited=safe_text(f"forbidden: {', '.join(refused)}"))

    async def _of(self, target: Target) -> AsyncGenerator[Listed, None]:
        if not target.resource.namespaced or not self._query.namespaces:
            try:
                async for piece in self._list(target, None):
                    yield piece
                return
            except Forbidden:
                namespaces = self._cluster.known_namespaces if target.resource.namespaced else []
                if not namespaces:
                    raise
            limited = SafeStr(f"only {', '.join(namespaces)}: listing all namespaces is forbidden")
            yield Listed(cluster=self._cluster, target=target, limited=limited)
        else:
            namespaces = list(self._query.namespaces)
        refused: Forbidden | None = None
        allowed = 0
        for namespace in namespaces:
            try:
                async for piece in self._list(target, namespace):
                    yield piece
                allowed += 1
            except Forbidden as error:
                refused = error
        if refused is not None and not allowed:
            raise refused

    async def _list(self, target: Target, namespace: str | None) -> AsyncGenerator[Listed, None]:
        for attempt in range(_RESTARTS + 1):
            try:
                async for piece in self._once(target, namespace):
                    yield piece
                return
            except Expired:
                if attempt == _RESTARTS:
                    raise
                yield Listed(cluster=self._cluster, target=target, restarted=True, namespace=namespace)

    async def _once(self, target: Target, namespace: str | None) -> AsyncGenerator[Listed, None]:
        one = self._names[0] if len(self._names) == 1 and not set(self._names[0]) & set("*?[") else ""
        bodies = self._cluster.client.pages(
            target.resource,
            namespace=namespace,
            labels=self._query.labels,
            fields=f"metadata.name={one}" if one else "",
            accept="application/json" if self._objects else target.decoder.accept,
        )
        async with aclosing(bodies):
            async for body in bodies:
                if self._objects:
                    yield Listed(
                        cluster=self._cluster,
                        target=target,
                        body=body,
                        names=self._names,
                        mixed=self._mixed,
                    )
                else:
                    yield self._rows(target, body)

    def _rows(self, target: Target, body: bytes) -> Listed:
        page = target.decoder.page(body)
        kind = target.printed()
        cluster = self._cluster
        skew, names = cluster.clock_skew, self._names
        rows = [
            make_row(item, cluster_id=cluster.id, cluster=cluster.name, kind=kind, skew=skew)
            for item in page.items
            if not names or any(fnmatchcase(item.metadata.name, pattern) for pattern in names)
        ]
        return Listed(
            cluster=cluster, target=target, rows=tuple(rows), skipped=page.skipped, mixed=self._mixed
        )
