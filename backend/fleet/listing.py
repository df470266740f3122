"""One look at many clusters: lists, all at the same time, no watches. What ``navarch get`` prints."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backend.fleet.cluster import Cluster, Target
from backend.fleet.coverage import Coverage, told
from backend.fleet.query import Query
from backend.fleet.row import Row, make_row
from backend.kube.errors import (
    DeadlineExceeded,
    Expired,
    Forbidden,
    ImpersonationForbidden,
    Invalid,
    KubeError,
    NotFound,
)
from backend.kube.objects import ApiResource
from backend.resources.kind import Kind
from backend.text import SafeStr, safe_text

_AHEAD = 4
"""Pages that may wait for their reader, over all clusters: bounds memory when a cluster sends quickly."""
_NOTHING = SafeStr("")
_GLOB = frozenset("*?[")
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
    short: bool = False
    """Namespaces that the query names are among what may not be listed."""
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
            await cluster.ready()
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
        self._seen: dict[str, Coverage] = {}
        self._refusal: Forbidden | None = None

    async def pieces(self) -> AsyncGenerator[Listed, None]:
        """The kind's list; of a category, each kind's. What may not be listed is told at the end."""
        targets = await self._cluster.resolve_all(self._query.kind)
        self._mixed = len({target.resource.full_name for target in targets}) > 1
        for target in targets:
            async with aclosing(self._of(target)) as found:
                async for piece in found:
                    yield piece
        seen = list(self._seen.values())
        if self._refusal is not None and all(one.forbidden for one in seen):
            raise self._refusal
        if any(not one.complete for one in seen):
            short = not seen[0].fallback and any(one.refused and one.allowed for one in seen)
            yield Listed(cluster=self._cluster, limited=told(seen), short=short)

    async def _of(self, target: Target) -> AsyncGenerator[Listed, None]:
        """One kind, where it may be listed."""
        kind = target.listed.full_name
        namespaces = list(self._query.namespaces) if target.resource.namespaced else []
        if not namespaces:
            try:
                async for piece in self._list(target, None):
                    yield piece
                self._seen[kind] = Coverage(kind=kind, everywhere=True)
                return
            except Forbidden as error:
                self._refuse(error)
                namespaces = self._cluster.known_namespaces if target.resource.namespaced else []
        allowed, refused = [], []
        for namespace in namespaces:
            try:
                async for piece in self._list(target, namespace):
                    yield piece
                allowed.append(namespace)
            except Forbidden as error:
                self._refuse(error)
                refused.append(namespace)
        self._seen[kind] = Coverage(
            kind=kind,
            allowed=tuple(allowed),
            refused=tuple(refused),
            fallback=not self._query.namespaces,
        )

    def _refuse(self, error: Forbidden) -> None:
        """Remember the first refusal; one to act as somebody else is none of a kind or namespace."""
        if isinstance(error, ImpersonationForbidden):
            raise error
        self._refusal = self._refusal or error

    async def _list(self, target: Target, namespace: str | None) -> AsyncGenerator[Listed, None]:
        for attempt in range(_RESTARTS + 1):
            try:
                async for piece in self._once(target, namespace):
                    yield piece
                return
            except Forbidden as error:
                for body in await self._by_name(target, namespace, error):
                    yield self._piece(target, body)
                return
            except Expired:
                if attempt == _RESTARTS:
                    raise
                yield Listed(cluster=self._cluster, target=target, restarted=True, namespace=namespace)

    async def _by_name(self, target: Target, namespace: str | None, refusal: Forbidden) -> list[bytes]:
        """Lists of the objects that the query names: who may not list may perhaps ``get`` them.

        Raises the refusal where that can't be asked, or is refused too.
        """
        placed = namespace is not None or not target.resource.namespaced
        if not self._names or not placed or any(set(name) & _GLOB for name in self._names):
            raise refusal
        if (
            isinstance(refusal, ImpersonationForbidden)
            or self._query.labels
            or self._query.fields
            or target.stored is not None
        ):
            raise refusal
        found = []
        for name in self._names:
            try:
                accept = "application/json" if self._objects else target.decoder.accept
                body = await self._cluster.client.get(
                    target.resource, name, namespace=namespace, accept=accept
                )
            except NotFound:
                continue
            except Forbidden:
                raise refusal from None
            whole = self._objects or target.kind is not None  # the others come as the server's Table
            found.append(b'{"metadata":{},"items":[' + body + b"]}" if whole else body)
        return found

    async def _once(self, target: Target, namespace: str | None) -> AsyncGenerator[Listed, None]:
        if target.stored is not None:
            from backend.fleet.helm_listing import releases_listed

            yield await releases_listed(
                self._cluster, target, self._query, namespace=namespace, objects=self._objects
            )
            return
        bodies = self._cluster.client.pages(
            target.resource,
            namespace=namespace,
            labels=self._query.labels,
            fields=self._query.server_fields(),
            accept="application/json" if self._objects else target.decoder.accept,
        )
        async with aclosing(bodies):
            async for body in bodies:
                yield self._piece(target, body)

    def _piece(self, target: Target, body: bytes) -> Listed:
        """A page as it was asked for: whole objects, or rows."""
        if not self._objects:
            return self._rows(target, body)
        return Listed(cluster=self._cluster, target=target, body=body, names=self._names, mixed=self._mixed)

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
