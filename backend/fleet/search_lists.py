"""One kind of one cluster searched: names first, then the metadata of what matches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import msgspec

from backend.fleet.cluster import Cluster
from backend.fleet.row import Row
from backend.fleet.search_rows import Hit, hit_row, kind_of
from backend.fleet.search_terms import Match, Search
from backend.kube.decoder import UNREADABLE, StructDecoder
from backend.kube.errors import BadResponse, Expired, Forbidden, Malformed
from backend.kube.objects import ApiResource, ObjectMeta
from backend.kube.table import ColumnDefinition, PartialObject

PER_KIND = 500
"""Hits of one kind of one cluster."""
_FEW_NAMES = 4
"""Up to so many names are asked for one by one; more cost less as one list."""
_SMALL = 50
"""Objects of a list that is simply read again."""
_METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_TABLE = f"application/json;as=Table;v=v1;g=meta.k8s.io,{_METADATA}"
_JSON = "application/json"
_WITHOUT_OBJECTS = (("includeObject", "None"),)


class _Row(msgspec.Struct):
    cells: list[Any] = []


class _Names(msgspec.Struct, rename="camel"):
    """A Table of which only the names are read."""

    kind: str = ""
    column_definitions: list[ColumnDefinition] | None = None
    rows: list[_Row] | None = None

    def names(self) -> Iterator[str] | None:
        """None: this kind prints no names (or this is no Table)."""
        titles = [column.name.casefold() for column in self.column_definitions or ()]
        if self.kind != "Table" or "name" not in titles:
            return None
        at = titles.index("name")
        return (str(row.cells[at]) for row in self.rows or () if len(row.cells) > at)


class _Container(msgspec.Struct, frozen=True):
    image: str = ""


class _ContainerStatus(msgspec.Struct, frozen=True):
    image_id: str = msgspec.field(name="imageID", default="")


class _PodSpec(msgspec.Struct, frozen=True, rename="camel"):
    containers: list[_Container] | None = None
    init_containers: list[_Container] | None = None
    ephemeral_containers: list[_Container] | None = None

    def images(self) -> Iterator[str]:
        for containers in (self.containers, self.init_containers, self.ephemeral_containers):
            for container in containers or ():
                yield container.image


class _Template(msgspec.Struct, frozen=True):
    spec: _PodSpec = _PodSpec()


class _JobSpec(msgspec.Struct, frozen=True):
    template: _Template = _Template()


class _JobTemplate(msgspec.Struct, frozen=True):
    spec: _JobSpec = _JobSpec()


class _Spec(_PodSpec, frozen=True, rename="camel"):
    """A pod's, a workload's or a cron job's."""

    template: _Template | None = None
    job_template: _JobTemplate | None = None


class _Status(msgspec.Struct, frozen=True, rename="camel"):
    container_statuses: list[_ContainerStatus] | None = None


class WithImages(msgspec.Struct, frozen=True):
    """Of a whole object only its metadata and its images."""

    metadata: ObjectMeta = ObjectMeta()
    spec: _Spec = _Spec()
    status: _Status = _Status()

    def images(self) -> Iterator[str]:
        """Names and digests, as written; some may come twice."""
        yield from self.spec.images()
        if self.spec.template is not None:
            yield from self.spec.template.spec.images()
        if self.spec.job_template is not None:
            yield from self.spec.job_template.spec.template.spec.images()
        for status in self.status.container_statuses or ():
            yield status.image_id


_names = msgspec.json.Decoder(_Names)
_metadata = StructDecoder(PartialObject)
_images = StructDecoder(WithImages)


class KindSearch:
    """Finds what matches among the objects of one kind."""

    def __init__(self, cluster: Cluster, resource: ApiResource, wanted: Search) -> None:
        self.cut = False
        """Whether there are more hits than were given."""
        self._cluster = cluster
        self._resource = resource
        self._wanted = wanted
        self._kind = kind_of(resource)
        self._given = 0

    async def rows(self) -> AsyncGenerator[list[Row], None]:
        """Hits, page by page. Raises KubeError; Forbidden if no namespace may be listed."""
        if self._resource.namespaced and self._wanted.namespaces:
            namespaces: Sequence[str | None] = self._wanted.namespaces
        else:
            try:
                async for rows in self._retried(None):
                    yield rows
                return
            except Forbidden:
                namespaces = self._cluster.known_namespaces if self._resource.namespaced else ()
                if not namespaces:
                    raise
        refusal, allowed = None, False
        for namespace in namespaces:
            try:
                async for rows in self._retried(namespace):
                    yield rows
                allowed = True
            except Forbidden as error:
                refusal = error
        if refusal is not None and not allowed:
            raise refusal

    async def _retried(self, namespace: str | None) -> AsyncGenerator[list[Row], None]:
        """Once more from the start when the list's token aged out; whoever reads drops what comes twice."""
        try:
            async for rows in self._in(namespace):
                yield rows
        except Expired:
            async for rows in self._in(namespace):
                yield rows

    async def _in(self, namespace: str | None) -> AsyncGenerator[list[Row], None]:
        wanted = self._wanted
        if wanted.image:
            lists = [self._pages(namespace, accept=_JSON, read=self._by_image)]
        elif wanted.labels:
            lists = [self._pages(namespace, accept=_METADATA, read=self._by_name)]
        else:
            read = partial(self._pages, namespace, accept=_METADATA, read=self._by_name)
            few = await self._matching(namespace)
            lists = [read()] if few is None else [read(fields=f"metadata.name={name}") for name in few]
        for pages in lists:
            async with aclosing(pages):
                async for rows in pages:
                    room = PER_KIND - self._given
                    self.cut = self.cut or len(rows) > room
                    self._given += len(rows[:room])
                    yield rows[:room]
                    if self.cut:
                        return

    async def _matching(self, namespace: str | None) -> list[str] | None:
        """The few names that match; None: read the list."""
        found: dict[str, None] = {}
        count = 0
        bodies = self._cluster.client.pages(
            self._resource, namespace=namespace, accept=_TABLE, query=_WITHOUT_OBJECTS
        )
        async with aclosing(bodies):
            async for body in bodies:
                names = self._decoded(body).names()
                if names is None:
                    return None
                for name in names:
                    count += 1
                    if self._wanted.match(name) is not None:
                        found[name] = None
                if len(found) > _FEW_NAMES:
                    return None
        return None if found and count <= _SMALL else list(found)

    def _decoded(self, body: bytes) -> _Names:
        try:
            return _names.decode(body)
        except UNREADABLE as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: object) -> BadResponse:
        return BadResponse(
            self._cluster.name, f"list {self._resource.full_name}: it can't be read", detail=error
        )

    async def _pages(
        self, namespace: str | None, *, accept: str, read: Callable[[bytes], list[Hit]], fields: str = ""
    ) -> AsyncGenerator[list[Row], None]:
        bodies = self._cluster.client.pages(
            self._resource,
            namespace=namespace,
            labels=self._wanted.labels,
            fields=fields,
            accept=accept,
        )
        async with aclosing(bodies):
            async for body in bodies:
                try:
                    hits = read(body)
                except Malformed as error:
                    raise self._unreadable(error) from None
                rows = [hit_row(hit, self._cluster, self._kind) for hit in hits]
                if rows:
                    yield rows

    def _by_name(self, body: bytes) -> list[Hit]:
        return [
            Hit(metadata=item.metadata, match=match)
            for item in _metadata.page(body).items
            if (match := self._wanted.match(item.metadata.name)) is not None
        ]

    def _by_image(self, body: bytes) -> list[Hit]:
        part = self._wanted.image.casefold()
        hits = []
        for item in _images.page(body).items:
            assert isinstance(item, WithImages)
            match: Match | None = self._wanted.match(item.metadata.name)
            found = next((image for image in item.images() if part in image.casefold()), None)
            if match is not None and found is not None:
                hits.append(Hit(metadata=item.metadata, match=match, image=found))
        return hits
