"""The client of one API server: every verb with a deadline, every error with a name."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import msgspec

from backend.kube import logs, writes
from backend.kube.access import ClusterAccess
from backend.kube.caller import JSON, USER_AGENT, Call, Caller
from backend.kube.clock import SYSTEM_CLOCK, Clock
from backend.kube.credentials import Credentials
from backend.kube.decoder import UNREADABLE
from backend.kube.dial import Handshakes, StreamOpener
from backend.kube.discovery import Discovery, discover
from backend.kube.errors import BadResponse, CredentialError
from backend.kube.naming import naming
from backend.kube.objects import ApiResource
from backend.kube.paging import FIRST_PAGE, LATER_PAGES, PageReader, PageSizes
from backend.kube.transport import Transport
from backend.kube.watching import SILENCE, lines_of
from backend.kube.wire import Query, Reply, Wire
from backend.kube.writes import PatchType, Propagation
from backend.text import SafeStr

LIST_DEADLINE = 120.0
"""Seconds for one page, its body included; a slow link needs more than one answer does."""

FOLLOW_IDLE = 4 * 3600.0
"""Seconds a followed log may be silent: TCP keepalive finds dead connections."""


class ServerVersion(msgspec.Struct, frozen=True, rename="camel"):
    """The answer of ``/version``; ``git_version`` is "v1.35.2"."""

    git_version: str = ""
    major: str = ""
    minor: str = ""
    platform: str = ""


class Client:
    """Talks to one cluster as one user. Safe to share between tasks; close it with ``aclose``.

    Every method raises the classes of :mod:`backend.kube.errors`, nothing else, and takes seconds.
    """

    def __init__(
        self,
        access: ClusterAccess,
        *,
        opener: StreamOpener | None = None,
        credentials: Credentials | None = None,
        handshakes: Handshakes | None = None,
        wire: Wire | None = None,
        user_agent: str = USER_AGENT,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """``opener``: how byte streams are opened (SSH later); ``wire``: in tests, the whole transport."""
        self.access = access
        self._credentials = credentials or Credentials(access)
        self._calls = Caller(
            access,
            wire=wire or Transport(access, self._credentials, opener=opener, handshakes=handshakes),
            user_agent=user_agent,
            clock=clock,
        )
        self._discovery: Discovery | None = None
        self._discovering = asyncio.Lock()

    @property
    def cluster(self) -> str:
        return self.access.name

    @property
    def clock_skew(self) -> float:
        """Seconds the server's clock is ahead of ours (R28): add them to now() before computing ages."""
        return self._calls.clock_skew

    @property
    def warnings(self) -> Sequence[SafeStr]:
        """The server's latest warnings: deprecated versions, admission policies."""
        return tuple(self._calls.warnings)

    @property
    def server_certificate(self) -> bytes | None:
        """What the server showed at the last handshake, in DER form; None: none yet, or no TLS."""
        wire = self._calls.wire
        return wire.server_certificate if isinstance(wire, Transport) else None

    async def release(self) -> None:
        """Close the connections that carry nothing now; the next request opens one again."""
        if isinstance(self._calls.wire, Transport):
            await self._calls.wire.release()

    async def aclose(self) -> None:
        await self._calls.wire.aclose()

    async def ready(self) -> None:
        """Obtain the credential, if there is none yet: that may take a person. Raises CredentialError."""
        await self._credentials.current()

    async def log_in(self) -> None:
        """Get a new credential from the plugin, with the person at our terminal. Raises CredentialError."""
        if not self._credentials.uses_plugin:
            raise CredentialError(
                self.cluster,
                "it uses no program to log in",
                advice="Renew its kubeconfig, and read it again.",
            )
        await self._credentials.login(interactive=True)

    async def reach(self) -> None:
        """Connect, if no connection is left from before; the next request finds it open."""
        await self._calls.wire.reach()

    # -- any request ------------------------------------------------------------------------------------

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        body: bytes | None = None,
        content_type: str = "",
        accept: str = JSON,
        deadline: float = 30.0,
        background: bool = False,
        what: str = "",
    ) -> Reply:
        """Send anything. ``what`` names the act for error sentences; by default method and path."""
        return await self._calls.reply(
            Call(
                method=method,
                path=path,
                what=what or f"{method} {path}",
                query=query,
                body=body,
                content_type=content_type,
                accept=accept,
                deadline=deadline,
                background=background,
            )
        )

    async def version(self) -> ServerVersion:
        reply = await self.request("GET", "/version", what="read the server's version")
        try:
            return msgspec.json.decode(reply.body, type=ServerVersion)
        except UNREADABLE as error:
            raise BadResponse(self.cluster, "the server's version can't be read", detail=error) from None

    async def discovery(self, *, refresh: bool = False) -> Discovery:
        """What the server serves; asked once, then remembered until ``refresh``. One question at a time."""
        async with self._discovering:
            if self._discovery is None or refresh:
                self._discovery = await discover(self._calls, known=self._discovery)
            return self._discovery

    # -- reading ----------------------------------------------------------------------------------------

    async def get(
        self,
        resource: ApiResource,
        name: str,
        *,
        namespace: str | None = None,
        subresource: str = "",
        accept: str = JSON,
        deadline: float = 30.0,
    ) -> bytes:
        """One whole object, as the server wrote it."""
        path = resource.path(namespace=namespace, name=name, subresource=subresource)
        what = naming("get", resource, namespace, name)
        return (await self.request("GET", path, accept=accept, deadline=deadline, what=what)).body

    async def pages(
        self,
        resource: ApiResource,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        limit: int = FIRST_PAGE,
        later_limit: int = LATER_PAGES,
        accept: str = JSON,
        query: Query = (),
        version_query: Query = (),
        deadline: float = LIST_DEADLINE,
        background: bool = False,
        retries: int = 3,
    ) -> AsyncGenerator[bytes, None]:
        """Bodies of a list's pages; the next is fetched while this one is used. ``limit`` 0: all in one.

        ``query`` goes with every page, ``version_query`` with the first. ``deadline`` holds for each page.
        Raises Expired when a continue token aged out between pages: what was read is then no consistent list,
        and must be begun again (``listing.collect`` does).
        """
        call = Call(
            method="GET",
            path=resource.path(namespace=namespace),
            what=naming("list", resource, namespace),
            accept=accept,
            deadline=deadline,
            background=background,
            retries=retries,
        )
        sizes = PageSizes(first=limit, later=later_limit if limit else 0)
        reader = PageReader(self._calls, call, query=(*selectors(labels, fields), *query), sizes=sizes)
        async with aclosing(reader.pages(version_query=version_query)) as bodies:
            async for body in bodies:
                yield body

    @asynccontextmanager
    async def watch(
        self,
        resource: ApiResource,
        *,
        resource_version: str,
        timeout_seconds: int,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
        accept: str = JSON,
        silence: float = SILENCE,
        background: bool = False,
    ) -> AsyncIterator[AsyncGenerator[list[bytes], None]]:
        """A watch's lines, in the batches they arrive in; ends when the server ends it.

        Raises DeadlineExceeded after ``silence`` seconds without a byte, not even a bookmark: the connection
        is half open (R18). Events are still bytes; see ``Decoder.event``.
        """
        call = Call(
            method="GET",
            path=resource.path(namespace=namespace),
            what=naming("watch", resource, namespace),
            query=(
                *selectors(labels, fields),
                ("watch", "true"),
                ("allowWatchBookmarks", "true"),
                ("resourceVersion", resource_version),
                ("timeoutSeconds", str(timeout_seconds)),
            ),
            accept=accept,
            idle=silence + 30,
            background=background,
            retries=0,
        )
        async with (
            self._calls.answer(call) as answer,
            aclosing(lines_of(answer, call, cluster=self.cluster, silence=silence)) as batches,
        ):
            yield batches

    # -- writing ----------------------------------------------------------------------------------------

    async def create(
        self,
        resource: ApiResource,
        obj: Mapping[str, Any],
        *,
        namespace: str | None = None,
        subresource: str = "",
        name: str | None = None,
        dry_run: bool = False,
        deadline: float = 30.0,
    ) -> bytes:
        """Create an object (with ``name`` and ``subresource``: pods/eviction, serviceaccounts/token)."""
        call = writes.create(
            resource,
            obj,
            namespace=namespace,
            name=name,
            subresource=subresource,
            dry_run=dry_run,
            deadline=deadline,
        )
        return (await self._calls.reply(call)).body

    async def apply(
        self,
        resource: ApiResource,
        obj: Mapping[str, Any],
        *,
        name: str,
        namespace: str | None = None,
        subresource: str = "",
        force: bool = False,
        dry_run: bool = False,
        deadline: float = 30.0,
    ) -> bytes:
        """Server-side apply as field manager ``navarch``; Conflict's causes name the other managers."""
        call = writes.apply(
            resource,
            obj,
            namespace=namespace,
            name=name,
            subresource=subresource,
            force=force,
            dry_run=dry_run,
            deadline=deadline,
        )
        return (await self._calls.reply(call)).body

    async def patch(
        self,
        resource: ApiResource,
        patch: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        name: str,
        namespace: str | None = None,
        type: PatchType = "merge",
        subresource: str = "",
        dry_run: bool = False,
        deadline: float = 30.0,
    ) -> bytes:
        """Change fields: ``merge`` (RFC 7386), ``json`` (RFC 6902, a list of operations) or ``strategic``."""
        call = writes.patch(
            resource,
            patch,
            namespace=namespace,
            name=name,
            subresource=subresource,
            type=type,
            dry_run=dry_run,
            deadline=deadline,
        )
        return (await self._calls.reply(call)).body

    async def delete(
        self,
        resource: ApiResource,
        name: str,
        *,
        namespace: str | None = None,
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: Propagation = "Background",
        grace_seconds: int | None = None,
        dry_run: bool = False,
        deadline: float = 30.0,
    ) -> bytes:
        """Delete one object. Raises Conflict when ``uid`` or ``resource_version`` is no longer its own."""
        call = writes.delete(
            resource,
            namespace=namespace,
            name=name,
            uid=uid,
            resource_version=resource_version,
            propagation=propagation,
            grace_seconds=grace_seconds,
            dry_run=dry_run,
            deadline=deadline,
        )
        return (await self._calls.reply(call)).body

    async def logs(
        self,
        name: str,
        namespace: str,
        *,
        container: str = "",
        follow: bool = False,
        tail: int | None = None,
        previous: bool = False,
        since: str | float | None = None,
        timestamps: bool = True,
        limit_bytes: int | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """A container's log in chunks. ``since``: an RFC 3339 time (to resume after a cut) or seconds.

        ``opened`` is called when the server has begun to answer: a log may be silent for hours after that.
        """
        query = logs.query(
            container=container,
            follow=follow,
            tail=tail,
            previous=previous,
            since=since,
            timestamps=timestamps,
            limit_bytes=limit_bytes,
        )
        call = Call(
            method="GET",
            path=logs.path(name, namespace),
            what=f"read the log of pod {namespace}/{name}",
            query=query,
            accept="*/*",
            idle=FOLLOW_IDLE if follow else 30.0,
        )
        async with self._calls.answer(call) as answer, aclosing(answer.chunks(cap=None)) as chunks:
            if opened is not None:
                opened()
            async for chunk in chunks:
                yield chunk


def selectors(labels: str, fields: str) -> Query:
    pairs = (("labelSelector", labels), ("fieldSelector", fields))
    return tuple((key, value) for key, value in pairs if value)
