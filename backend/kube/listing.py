"""A whole list, begun again when its continue token ages out (R7), refused beyond its budget (R25)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from backend.kube.errors import BadResponse, Expired, Malformed, TooLarge
from backend.kube.objects import ApiResource, Decoder, Item, Page
from backend.kube.paging import FIRST_PAGE, LATER_PAGES
from backend.kube.wire import Query

MAX_OBJECTS = 50_000
"""Of one kind in one cluster; beyond it a terminal's table is no answer (R25)."""
WHOLE_BELOW = 10_000
"""Estimated objects up to which a list whose token aged out is asked for again in one piece."""


class Pager(Protocol):
    """The part of Client that lists."""

    @property
    def cluster(self) -> str: ...

    def pages(
        self,
        resource: ApiResource,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = FIRST_PAGE,
        later_limit: int = LATER_PAGES,
        accept: str = ...,
        version_query: Query = (),
        background: bool = False,
        retries: int = 3,
    ) -> AsyncGenerator[bytes, None]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What of a kind is meant; "" and None: all of it."""

    namespace: str | None = None
    labels: str = ""
    fields: str = ""


EVERYWHERE = Scope()


@dataclass(slots=True, kw_only=True)
class Listing:
    """A list as far as it has come."""

    items: list[Item] = field(default_factory=list)
    resource_version: str = ""
    skipped: int = 0
    total: int | None = None
    """How many there will be, as the server estimates."""

    def add(self, page: Page) -> None:
        self.items += page.items
        self.skipped += page.skipped
        self.resource_version = page.resource_version or self.resource_version
        here = len(self.items) + self.skipped
        if not page.continue_token:
            self.total = here
        elif page.remaining is not None:
            self.total = here + page.remaining


OnPage = Callable[[Page, Listing], None]


async def collect(
    client: Pager,
    resource: ApiResource,
    decoder: Decoder,
    *,
    scope: Scope = EVERYWHERE,
    version_query: Query = (),
    on_page: OnPage | None = None,
    limit: int = FIRST_PAGE,
    later_limit: int = LATER_PAGES,
    max_objects: int = MAX_OBJECTS,
    background: bool = False,
    retries: int = 3,
) -> Listing:
    """The whole list, consistent as of its ``resource_version``.

    ``on_page`` is called after each page; after a restart it sees the first page again, in a fresh Listing.
    Raises KubeError: TooLarge as soon as the estimate says so, Expired when it aged out a second time.
    """

    async def attempt(limit: int, listing: Listing) -> Listing:
        bodies = client.pages(
            resource,
            namespace=scope.namespace,
            labels=scope.labels,
            fields=scope.fields,
            limit=limit,
            later_limit=later_limit,
            accept=decoder.accept,
            version_query=version_query,
            background=background,
            retries=retries,
        )
        async with aclosing(bodies):
            async for body in bodies:
                page = _decode(client.cluster, resource, decoder, body)
                await asyncio.sleep(0)  # making rows of it takes as long again: keys come in between (R24)
                listing.add(page)
                count = max(listing.total or 0, len(listing.items))
                check_budget(client.cluster, resource, count, max_objects)
                if on_page is not None:
                    on_page(page, listing)
        return listing

    first = Listing()
    try:
        return await attempt(limit, first)
    except Expired:
        if not first.items and not first.skipped:
            raise  # not a token aged out, but the version that was asked for
        estimate = first.total if first.total is not None else max_objects
        return await attempt(0 if estimate <= WHOLE_BELOW else limit, Listing())


def _decode(cluster: str, resource: ApiResource, decoder: Decoder, body: bytes) -> Page:
    try:
        return decoder.page(body)
    except Malformed as error:
        raise BadResponse(cluster, f"list {resource.full_name}: {error}", detail=body[:500]) from None


def check_budget(cluster: str, resource: ApiResource, count: int, max_objects: int) -> None:
    """Raises TooLarge when ``count`` objects are more than one table can hold (R25)."""
    if count > max_objects:
        raise TooLarge(
            cluster, f"{count} {resource.full_name} are more than the {max_objects} one table can hold"
        )
