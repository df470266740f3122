"""One call to one API server: rate limit, bounded retries, errors that name the object."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass

from backend import __version__
from backend.kube.access import ClusterAccess
from backend.kube.apistatus import error_for, parse_status
from backend.kube.backoff import Backoff
from backend.kube.clock import SYSTEM_CLOCK, Clock
from backend.kube.errors import (
    ApiError,
    BadResponse,
    DeadlineExceeded,
    Forbidden,
    ImpersonationForbidden,
    KubeError,
    RedirectRefused,
    ServerFailed,
    TooLarge,
    TooManyRequests,
)
from backend.kube.gunzip import BodyTooLarge, CorruptBody, plain
from backend.kube.headers import clock_skew_in, header, retry_after_in, warnings_in
from backend.kube.ratelimit import RequestRate
from backend.kube.transport import Deadlines
from backend.kube.wire import Query, Reply, Wire, WireResponse
from backend.text import SafeStr, safe_text

USER_AGENT = f"navarch/{__version__}"
"""Names program and version, so that administrators can write FlowSchemas for it."""
JSON = "application/json"
MAX_BODY = 256 * 1024 * 1024
MAX_ERROR_BODY = 256 * 1024
RETRIES = 3
_READS = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, and how it is to be treated. ``what`` opens every error's sentence: "list pods in pay"."""

    method: str
    path: str
    what: str
    query: Query = ()
    body: bytes | None = None
    content_type: str = ""
    accept: str = JSON
    deadline: float = 30.0
    """Seconds for everything: waiting for our turn, retries, headers, and (but for streams) the body."""
    idle: float = 30.0
    """Seconds of silence within the body after which the connection counts as dead."""
    etag: str = ""
    """Ask whether it changed (If-None-Match); then 304 is an answer too."""
    background: bool = False
    retries: int = RETRIES
    """How often a read is sent again when the server says how long to wait (429, 503). Writes never are."""
    max_body: int = MAX_BODY


class Answer:
    """An accepted (2xx) answer whose body is read as a stream."""

    def __init__(self, response: WireResponse, *, cluster: str, call: Call) -> None:
        self._response = response
        self._cluster = cluster
        self._call = call
        self.status = response.status
        self.headers = dict(reversed(response.headers))
        self.warnings = warnings_in(response.headers)

    async def chunks(self, *, cap: int | None) -> AsyncGenerator[bytes, None]:
        """The decompressed body. Raises BadResponse, TooLarge, Unreachable."""
        encoding = header(self._response.headers, "content-encoding")
        try:
            async with aclosing(self._response.chunks()) as raw:
                async for piece in plain(raw, encoding=encoding, cap=cap):
                    yield piece
        except BodyTooLarge as error:
            size = error.cap // (1024 * 1024)
            raise TooLarge(
                self._cluster, f"{self._call.what}: the answer is larger than {size} MiB"
            ) from None
        except CorruptBody as error:
            raise BadResponse(
                self._cluster, f"{self._call.what}: the answer's compression is broken", detail=error
            ) from None


class Caller:
    """Sends calls over a cluster's wire and keeps what its answers say about the cluster itself."""

    def __init__(
        self,
        access: ClusterAccess,
        *,
        wire: Wire,
        user_agent: str = USER_AGENT,
        clock: Clock = SYSTEM_CLOCK,
        random_source: random.Random | None = None,
    ) -> None:
        self.cluster = access.name
        self._impersonate = access.impersonate
        self.wire = wire
        self.warnings: deque[SafeStr] = deque(maxlen=50)
        self.clock_skew = 0.0
        self._clock = clock
        self._random = random_source or random.Random()  # noqa: S311 - jitter, no secret
        self._rate = RequestRate(clock=clock)
        # Also on loopback: 10k pods take 0.5 s and 0.25 s of our CPU compressed, 0.75 s and 0.7 s plain,
        # because TLS and HTTP framing of 50 MB cost more than inflating 5 (measured, two cores).
        encoding = "identity" if access.disable_compression else "gzip"
        self._headers = {"user-agent": user_agent, "accept-encoding": encoding}

    async def reply(self, call: Call) -> Reply:
        """Send a call and read its whole answer within its deadline. Raises KubeError."""
        async with self.within(call), self.answer(call) as answer:
            pieces = [piece async for piece in answer.chunks(cap=call.max_body)]
            return Reply(
                status=answer.status,
                headers=answer.headers,
                body=b"".join(pieces),
                warnings=answer.warnings,
            )

    @asynccontextmanager
    async def answer(self, call: Call) -> AsyncIterator[Answer]:
        """Send a call; the body of the accepted answer is the caller's to read. Raises KubeError.

        ``call.deadline`` covers the way to the headers only; leaving the block gives the connection back.
        """
        async with self.within(call):
            response = await self._accepted(call)
        try:
            yield Answer(response, cluster=self.cluster, call=call)
        finally:
            await response.aclose()

    @asynccontextmanager
    async def within(self, call: Call) -> AsyncIterator[None]:
        """Hold a block to the call's deadline; raises DeadlineExceeded with its name."""
        try:
            async with asyncio.timeout(call.deadline):
                yield
        except TimeoutError:
            raise DeadlineExceeded(
                self.cluster, f"{call.what}: no (complete) answer within {call.deadline:g} s"
            ) from None

    async def _accepted(self, call: Call) -> WireResponse:
        """The 2xx answer, after a few waits the server asked for."""
        backoff = Backoff(self._random)
        while True:
            response = await self._send(call)
            if 200 <= response.status < 300 or (response.status == 304 and call.etag):
                await self._refuse_login_page(response, call)
                return response
            error = await self._error(response, call)
            if not self._may_retry(error, call, backoff.failures):
                raise error
            assert isinstance(error, ApiError)
            await self._clock.sleep(backoff.next(self._clock.now(), at_least=error.retry_after))

    def _may_retry(self, error: KubeError, call: Call, tried: int) -> bool:
        return (
            call.method in _READS
            and tried < call.retries
            and isinstance(error, (TooManyRequests, ServerFailed))
            and error.code in {429, 503}
            and error.retry_after is not None
            and error.retry_after < call.deadline
        )

    async def _send(self, call: Call) -> WireResponse:
        await self._rate.take(background=call.background)
        headers = self._headers | {"accept": call.accept}
        if call.content_type:
            headers["content-type"] = call.content_type
        if call.etag:
            headers["if-none-match"] = call.etag
        response = await self.wire.send(
            call.method,
            call.path,
            query=call.query,
            headers=headers,
            body=call.body,
            deadline=Deadlines(head=call.deadline, idle=call.idle),
        )
        self.warnings.extend(warnings_in(response.headers))
        skew = clock_skew_in(response.headers, now=self._clock.wall())
        if skew is not None:
            self.clock_skew = skew
        return response

    async def _error(self, response: WireResponse, call: Call) -> KubeError:
        """What a refusal says; its body is read, but never more of it than a Status can need."""
        try:
            if 300 <= response.status < 400:
                place = header(response.headers, "location")
                return RedirectRefused(self.cluster, f"{call.what}: the server redirects to {place[:200]}")
            body = await self._error_body(response)
        finally:
            await response.aclose()
        status = parse_status(body)
        waits = retry_after_in(response.headers, now=self._clock.wall())
        error = error_for(self.cluster, response.status, status, what=call.what, retry_after=waits)
        error = self._not_as_others(error) or error
        if status is None and body:
            error.detail = safe_text(body[:500], multiline=True)
        return error

    def _not_as_others(self, error: KubeError) -> ImpersonationForbidden | None:
        """The refusal to let us act as somebody else, which is no refusal of what was asked."""
        who = self._impersonate
        if who is None or not isinstance(error, Forbidden) or "impersonate" not in error.sentence:
            return None
        return ImpersonationForbidden(
            self.cluster,
            f"we may not act as {who.user} there",
            code=error.code,
            reason=error.reason,
            detail=error.sentence,
        )

    async def _error_body(self, response: WireResponse) -> bytes:
        taken = bytearray()
        encoding = header(response.headers, "content-encoding")
        try:
            async with aclosing(response.chunks()) as raw:
                async for piece in plain(raw, encoding=encoding, cap=MAX_ERROR_BODY):
                    taken += piece
        except (BodyTooLarge, CorruptBody, KubeError):
            pass  # the status line already says what happened
        return bytes(taken)

    async def _refuse_login_page(self, response: WireResponse, call: Call) -> None:
        """A captive portal or single-sign-on proxy answers 200 with HTML where Kubernetes would with JSON."""
        kind = header(response.headers, "content-type").partition(";")[0].strip().lower()
        if kind not in {"text/html", "application/xhtml+xml"} or not call.accept.startswith(JSON):
            return
        body = await self._error_body(response)
        await response.aclose()
        raise BadResponse(
            self.cluster,
            f"{call.what}: a web page came back instead of Kubernetes' answer",
            advice="A proxy or login page stands between here and the API server: log in, or go around it.",
            detail=body[:500],
        )
