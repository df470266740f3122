"""The HTTPS front of one fed cluster: as much of an API as lists, watches and a console's start need."""

from __future__ import annotations

import asyncio
import zlib
from dataclasses import dataclass, field
from email.utils import formatdate
from ssl import SSLContext

import msgspec
from aiohttp import web

from tests.bench.feeder import tables
from tests.bench.feeder.collection import Collection

_BOOKMARK_EVERY = 30.0
_GZIP_FROM = 128 * 1024
_LIST_TAKES = 0.03
"""Seconds a server works on a page, as real ones do: without them no two lists would be seen together."""
_RESOURCES = {"pods": ("Pod", True), "nodes": ("Node", False), "namespaces": ("Namespace", False)}


@dataclass(slots=True)
class Traffic:
    """What all servers of the process saw."""

    listing: dict[str, int] = field(default_factory=dict)
    """Lists being answered now, by cluster."""
    peak_lists: int = 0
    """Most clusters whose lists were being answered at the same time."""
    lists: int = 0
    """Lists begun."""
    watches: int = 0
    """Watches open now."""
    requests: int = 0

    def enter(self, cluster: str) -> None:
        self.listing[cluster] = self.listing.get(cluster, 0) + 1
        self.peak_lists = max(self.peak_lists, len(self.listing))

    def leave(self, cluster: str) -> None:
        self.listing[cluster] -= 1
        if not self.listing[cluster]:
            del self.listing[cluster]


@dataclass(slots=True)
class Faults:
    """What goes wrong; each refusal is used up by one request."""

    refusals: list[int] = field(default_factory=list)
    """Status codes for the next requests for pods."""
    cut: asyncio.Event = field(default_factory=asyncio.Event)
    """Ends every open watch; replaced by a new one each time."""
    frozen: bool = False
    """Half open: watches stay open and say nothing."""


class Server:
    """One cluster on a free loopback port; stopped, it comes back on the same one."""

    def __init__(self, name: str, collection: Collection, *, tls: SSLContext, traffic: Traffic) -> None:
        self.name = name
        self.collection = collection
        self.faults = Faults()
        self.port = 0
        self._tls = tls
        self._traffic = traffic
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        runner = web.ServerRunner(
            web.Server(self._answer, access_log=None, handler_cancellation=True),
            handle_signals=False,
            shutdown_timeout=0.1,
        )
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, ssl_context=self._tls).start()
        self.port = runner.addresses[0][1]
        self._runner = runner

    async def stop(self) -> None:
        """Refuse connections and reset those there are; what the cluster holds stays."""
        runner, self._runner = self._runner, None
        if runner is not None:
            self.cut()
            await runner.cleanup()

    def cut(self) -> None:
        cut, self.faults.cut = self.faults.cut, asyncio.Event()
        cut.set()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._traffic.requests += 1
        parts = request.path.strip("/").split("/")
        plural = parts[-1]
        if request.path == "/version":
            return _json(msgspec.json.encode({"gitVersion": "v1.35.4", "major": "1", "minor": "35"}))
        if request.path in ("/api", "/apis", "/api/v1"):
            return _json(_discovery(request.path))
        if request.path == tables.METRICS:
            return _json(tables.metrics())
        if plural not in _RESOURCES or parts[:2] != ["api", "v1"]:
            return _status(404, "NotFound")
        if plural == "pods" and self.faults.refusals:
            return _status(self.faults.refusals.pop(0), "TooManyRequests")
        if request.query.get("watch"):
            return await self._watch(request, plural)
        if request.query.get("includeObject") == "None":
            return _json(tables.table(plural, self.collection), request=request)
        if "as=PartialObjectMetadataList" in request.headers.get("Accept", ""):
            return self._list(request, plural)  # names only: no list of objects, and answered as quickly
        self._traffic.enter(self.name)
        try:
            await asyncio.sleep(_LIST_TAKES)
            response = self._list(request, plural)
            await response.prepare(request)
            await response.write_eof()
            return response
        finally:
            self._traffic.leave(self.name)

    # --- lists

    def _list(self, request: web.BaseRequest, plural: str) -> web.Response:
        kind, _ = _RESOURCES[plural]
        limit, token = int(request.query.get("limit", "0")), request.query.get("continue", "")
        self._traffic.lists += not token
        if plural != "pods":
            bodies = tables.nodes() if plural == "nodes" else []
            meta = {"resourceVersion": str(self.collection.version)}
        else:
            version, start = map(int, token.split("-")) if token else (self.collection.version, 0)
            pods = self.collection.snapshot(version if token else None)
            if pods is None:
                return _status(410, "Expired")
            end = start + limit if limit else len(pods)
            bodies = [self.collection.template.render(pod) for pod in pods[start:end]]
            meta = {"resourceVersion": str(version)}
            if end < len(pods):
                meta["continue"] = f"{version}-{end}"
        head = b'{"kind":"%sList","apiVersion":"v1","metadata":%s' % (
            kind.encode(),
            self._metadata(meta),
        )
        return _json(head + b',"items":[' + b",".join(bodies) + b"]}", request=request)

    def _metadata(self, meta: dict[str, str]) -> bytes:
        if "continue" not in meta:
            return msgspec.json.encode(meta)
        left = len(self.collection.pods) - int(meta["continue"].partition("-")[2])
        return msgspec.json.encode({**meta, "remainingItemCount": left})

    # --- watches

    async def _watch(self, request: web.BaseRequest, plural: str) -> web.StreamResponse:
        response = web.StreamResponse(headers=_headers())
        response.enable_chunked_encoding()
        await response.prepare(request)
        self._traffic.watches += 1
        signal = self.collection.signal()
        try:
            async with asyncio.timeout(float(request.query.get("timeoutSeconds", "300"))):
                await self._stream(
                    response, signal, pods=plural == "pods", version=int(request.query["resourceVersion"])
                )
        except TimeoutError:
            await response.write_eof()
        finally:
            self.collection.release(signal)
            self._traffic.watches -= 1
        return response

    async def _stream(
        self, response: web.StreamResponse, signal: asyncio.Event, *, pods: bool, version: int
    ) -> None:
        cut = self.faults.cut
        ended = asyncio.ensure_future(cut.wait())
        try:
            while not cut.is_set():
                signal.clear()
                changes = self.collection.since(version)
                if changes is None:
                    await response.write(_EXPIRED)
                    return
                if changes and not self.faults.frozen:
                    version = changes[-1].version
                    if pods:
                        await response.write(b"".join(change.line for change in changes))
                news = asyncio.ensure_future(signal.wait())
                try:
                    done, _ = await asyncio.wait(
                        (news, ended), timeout=_BOOKMARK_EVERY, return_when=asyncio.FIRST_COMPLETED
                    )
                finally:
                    news.cancel()
                if not done and not self.faults.frozen:
                    await response.write(_BOOKMARK % str(version).encode())
        finally:
            ended.cancel()


_EXPIRED = (
    b'{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure",'
    b'"reason":"Expired","message":"too old resource version","code":410}}\n'
)
_BOOKMARK = (
    b'{"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1","metadata":{"resourceVersion":"%s"}}}\n'
)


def _discovery(path: str) -> bytes:
    if path == "/api":
        return b'{"kind":"APIVersions","versions":["v1"],"serverAddressByClientCIDRs":[]}'
    if path == "/apis":
        return b'{"kind":"APIGroupList","apiVersion":"v1","groups":[]}'
    resources = [
        {
            "name": plural,
            "singularName": kind.lower(),
            "namespaced": namespaced,
            "kind": kind,
            "verbs": ["get", "list", "watch"],
        }
        for plural, (kind, namespaced) in _RESOURCES.items()
    ]
    return msgspec.json.encode(
        {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": resources}
    )


def _headers() -> dict[str, str]:
    return {"Content-Type": "application/json", "Date": formatdate(usegmt=True)}


def _json(body: bytes, *, request: web.BaseRequest | None = None) -> web.Response:
    headers = _headers()
    accepted = request.headers.get("Accept-Encoding", "") if request is not None else ""
    if len(body) > _GZIP_FROM and "gzip" in accepted:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


def _status(code: int, reason: str) -> web.Response:
    body = msgspec.json.encode(
        {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    )
    headers = _headers() | ({"Retry-After": "1"} if code == 429 else {})
    return web.Response(status=code, body=body, headers=headers)
