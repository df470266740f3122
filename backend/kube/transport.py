"""HTTP/1.1 to one API server: requests out, streamed answers in, every failure in words.

HTTP/1.1 on purpose: HTTP/2 stalls silently past a server's limit of streams, and a fleet's watches are
many. Redirects are never followed and credentials never leave for another origin (CVE-2020-8559,
CVE-2022-3172): the connection's host is fixed when the transport is made.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlencode

import anyio
import h11
from anyio.abc import ByteStream

from backend.kube.access import ClusterAccess
from backend.kube.credentials import Credential, Credentials, impersonation_headers
from backend.kube.dial import Dialer, Handshakes, StreamOpener
from backend.kube.errors import (
    BadResponse,
    DeadlineExceeded,
    KubeconfigError,
    KubeError,
    RedirectRefused,
    TlsFailed,
    Unreachable,
)
from backend.kube.http1 import Connection, ConnectionLost, IdleConnections, Request
from backend.kube.origin import Origin
from backend.kube.proxies import opener_for
from backend.kube.response import TRANSPORT_ERRORS, Response
from backend.kube.tls import ClientCertificate, ssl_context
from backend.kube.tls_words import handshake_failure

MAX_CONNECTIONS = 140
"""At once, per cluster; each watch holds one, and so does each of up to a hundred logs that are followed."""
_REPEATABLE = frozenset({"GET", "HEAD"})

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """How long the steps of a request may take, in seconds."""

    connect: float = 10.0
    """TCP, proxy and TLS, once admission lets the connection begin."""
    head: float = 30.0
    """Until the answer's head, waiting for admission and a free connection included. Obtaining a credential
    is not counted: it has its own deadline."""
    idle: float = 150.0
    """Longest silence within the body. A watch with bookmarks says something every minute."""

    @classmethod
    def of(cls, value: float | Deadlines) -> Deadlines:
        return value if isinstance(value, Deadlines) else cls(head=value)


class Transport:
    """All connections to one API server. Every method raises only KubeError's subclasses."""

    def __init__(
        self,
        access: ClusterAccess,
        credentials: Credentials | None = None,
        *,
        opener: StreamOpener | None = None,
        handshakes: Handshakes | None = None,
        max_connections: int = MAX_CONNECTIONS,
    ) -> None:
        try:
            self.origin = Origin.parse(access.server)
            opener = opener or opener_for(access)
        except ValueError as error:
            raise KubeconfigError(access.name, error) from error
        self.access = access
        self.credentials = credentials or Credentials(access)
        self.via = opener.via
        """How the server is reached, for people; empty: directly."""
        self._dialer = Dialer(access.name, self.origin, opener, handshakes=handshakes)
        self._slots = anyio.Semaphore(max_connections)
        self._idle = IdleConnections()
        self._open: set[Connection] = set()
        self._context: ssl.SSLContext | None = None
        self._certificate: ClientCertificate | None = None
        self._generation = 0
        self._closed = False

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Pairs = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: float | Deadlines = 30.0,
    ) -> Response:
        """Send one request; the answer's body is still to be read, and the caller closes it (``Wire``).

        ``path`` is percent-encoded and begins with a slash; it is put behind the server's own path. After a
        401 the credential is renewed once, if that needs no person, and the request repeated.
        """
        deadlines = Deadlines.of(deadline)
        target = self.origin.path + path
        if query:
            target += "?" + urlencode(query, quote_via=quote)
        plain = Request(method=method, target=target, headers=self._headers(headers or {}), body=body)
        credential = await self.credentials.current()
        response = await self._exchange(plain, credential, deadlines)
        if response.status == 401 and await self._renewed(credential, response):
            credential = await self.credentials.current()
            response = await self._exchange(plain, credential, deadlines)
        if 300 <= response.status < 400 and response.status != 304:
            await response.aclose()
            raise RedirectRefused(
                self.access.name,
                f"{self.origin.authority} answered {method} {path} with a redirect, which is not followed",
                detail=f"{response.status}, Location: {response.header('location')}",
            )
        return response

    async def reach(self, *, deadline: float = 10.0) -> None:
        """Have a connection ready for the next request (``Wire``)."""
        await self._use(await self.credentials.current())
        generation = self._generation
        connection = await self._idle.take(generation)
        if connection is None:
            connection = Connection(await self._dial(deadline), generation=generation)
        await self._idle.add(connection)

    async def connect(self, *, deadline: float = 10.0) -> ByteStream:
        """A fresh stream to the server, TLS done, outside the pool: for protocols that take it over."""
        await self._use(await self.credentials.current())
        return await self._dial(deadline)

    @property
    def server_certificate(self) -> bytes | None:
        """What the server showed at the last handshake, in DER form; None: none yet, or no TLS."""
        return self._dialer.server_certificate

    async def release(self) -> None:
        """Close the connections that carry nothing now: a cluster in the background keeps none."""
        await self._idle.clear()

    async def aclose(self) -> None:
        """Close every connection; requests under way fail with Unreachable."""
        self._closed = True
        await self.credentials.aclose()
        await self._idle.clear()
        for connection in list(self._open):
            await connection.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _renewed(self, rejected: Credential, response: Response) -> bool:
        """Is there another credential to try? Then the refusal is closed; otherwise it is the answer."""
        again = False
        try:
            again = await self.credentials.refresh_after_401(rejected)
        except BaseException:
            again = True
            raise
        finally:
            if again:
                await response.aclose()
        return again

    def _headers(self, given: Mapping[str, str]) -> list[tuple[str, bytes]]:
        return [
            ("Host", self.origin.host_header.encode()),
            *((name, value.encode()) for name, value in given.items()),
            *impersonation_headers(self.access.name, self.access.impersonate),
        ]

    async def _exchange(self, request: Request, credential: Credential, deadlines: Deadlines) -> Response:
        """Send on a kept or new connection; a kept one that turns out dead is replaced once."""
        expires = anyio.current_time() + deadlines.head
        await self._use(credential)
        while True:
            connection = await self._checkout(request, deadlines, expires)
            try:
                with anyio.fail_after(expires - anyio.current_time()):
                    head = await connection.send(request, authorization=credential.authorization)
            except BaseException as error:
                await self._finish(connection, reusable=False)
                if not isinstance(error, TRANSPORT_ERRORS):
                    raise
                if connection.used and isinstance(error, TimeoutError | ConnectionLost):
                    await self._idle.clear()  # what was kept beside it is probably dead too
                stale = connection.used and isinstance(error, ConnectionLost) and error.before_answer
                if not (stale and request.method in _REPEATABLE):
                    raise self._in_words(error, request, fresh=not connection.used) from error
            else:
                return Response(
                    head,
                    connection,
                    finish=self._finish,
                    in_words=lambda error: self._in_words(error, request),
                    idle=deadlines.idle,
                )

    async def _checkout(self, request: Request, deadlines: Deadlines, expires: float) -> Connection:
        """A connection, and with it one of the slots; ``_finish`` gives both back."""
        try:
            with anyio.fail_after(expires - anyio.current_time()):
                await self._slots.acquire()
        except TimeoutError as error:
            raise self._in_words(error, request) from error
        try:
            connection = await self._idle.take(self._generation)
            if connection is None:
                generation = self._generation
                with anyio.fail_after(expires - anyio.current_time()):
                    remaining = max(expires - anyio.current_time(), 0.0)
                    stream = await self._dial(min(deadlines.connect, remaining))
                connection = Connection(stream, generation=generation)
        except BaseException as error:
            self._slots.release()
            if isinstance(error, TimeoutError):
                raise self._in_words(error, request) from error
            raise
        self._open.add(connection)
        return connection

    async def _dial(self, deadline: float) -> ByteStream:
        name = self.access.tls_server_name or self.origin.host
        stream = await self._dialer.connect(self._tls, server_name=name, deadline=deadline)
        if self._closed:
            await stream.aclose()
            raise Unreachable(self.access.name, "the connection was closed on this side")
        return stream

    async def _finish(self, connection: Connection, *, reusable: bool) -> None:
        self._open.discard(connection)
        self._slots.release()
        if reusable and not self._closed:
            await self._idle.put(connection, self._generation)
        else:
            await connection.aclose()

    async def _use(self, credential: Credential) -> None:
        """From now on connections are opened with this credential; another certificate needs other ones."""
        if self.origin.tls and credential.certificate != self._certificate:
            self._certificate = credential.certificate
            self._context = None
            self._generation += 1
            await self._idle.clear()

    def _tls(self) -> ssl.SSLContext | None:
        """What connections are opened with, made when one is opened: that takes a millisecond."""
        if self._context is None and self.origin.tls:
            self._context = ssl_context(self.access, self._certificate)
        return self._context

    def _in_words(self, error: Exception, request: Request, *, fresh: bool = False) -> KubeError:
        """A failure below HTTP as an error that says what was asked of whom."""
        place, name = self.origin.authority, self.access.name
        asked = f"{request.method} {request.target.partition('?')[0]}"
        unsure = (
            "" if request.method in _REPEATABLE else "It may have been acted on: look before repeating it."
        )
        if isinstance(error, TimeoutError):
            return DeadlineExceeded(
                name, f"{place} did not finish its answer to {asked} in time", advice=unsure
            )
        if isinstance(error, h11.RemoteProtocolError):
            return BadResponse(
                name, f"{place} answered {asked} with something that is not HTTP", detail=error
            )
        if isinstance(error, ssl.SSLError):
            sentence, advice = handshake_failure(error, place)
            return TlsFailed(name, sentence, advice=advice, detail=error)
        if isinstance(error, ConnectionLost) and error.before_answer:
            # TLS 1.3 servers judge our certificate after the handshake; a reset may swallow their alert.
            judged = fresh and self.origin.tls
            hint = "It may have refused our client certificate, or want one." if judged else ""
            sentence = f"{place} closed the connection without answering {asked}"
            return Unreachable(name, sentence, advice=unsure or hint)
        return Unreachable(
            name, f"the connection to {place} was lost during its answer to {asked}", advice=unsure
        )
