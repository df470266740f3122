"""The HTTPS front of one simulated API server."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from email.utils import formatdate
from ssl import SSLContext

import msgspec
import yaml
from aiohttp import web

from backend.demo import discovery, openapi, reading, reviews
from backend.demo.access import Attributes, User, impersonated, user_of_certificate
from backend.demo.calls import Call, Target, names_version, negotiate, parse_query, parse_target
from backend.demo.cluster import Cluster
from backend.demo.faults import cut
from backend.demo.status import ApiError, no_method, no_resource, unauthorized
from backend.demo.subresources import serve_subresource
from backend.demo.writing import write

_LOG = logging.getLogger(__name__)
_GZIP_FROM = 128 * 1024
_MAX_BODY = 3 * 1024 * 1024
_DEPRECATED = {
    "componentstatuses": "v1 ComponentStatus is deprecated in v1.19+",
    "endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
}
_HEALTH = ("/healthz", "/readyz", "/livez")


class ApiServer:
    """Serves one cluster on a free loopback port."""

    def __init__(self, cluster: Cluster, tls: SSLContext) -> None:
        self.cluster = cluster
        self._tls = tls
        self._runner: web.ServerRunner | None = None
        self.port = 0

    async def start(self, port: int = 0) -> None:
        """Listen; ``port`` 0 takes a free one, and a stopped server comes back on its own."""
        server = web.Server(self._handle, access_log=None)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port or self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and end every request; the cluster's memory stays."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self.cluster.faults.deliver(request, await self._answer(request))
        except ConnectionError:  # the client went away: nobody reads this
            return web.Response()
        except Exception as error:  # as the real server's panic handler: one request fails, with a Status
            _LOG.exception("%s %s failed", request.method, request.path)
            return _json(
                ApiError(500, "InternalError", f"Internal error occurred: {error}").encoded(), status=500
            )

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            await self.cluster.faults.before(request)
            user = self._user(request)
            if user is None:
                raise unauthorized()
            groups = request.headers.getall("Impersonate-Group", [])
            user = impersonated(user, request.headers, groups, self.cluster.authorizer.check)
            return await self._serve(request, user)
        except ApiError as error:
            response = _json(error.encoded(), status=error.code)
            if error.code in (429, 503, 504) and error.details:
                response.headers["Retry-After"] = str(error.details.get("retryAfterSeconds", 1))
            return response

    def _user(self, request: web.BaseRequest) -> User | None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self.cluster.tokens.user(token.strip())
        return user_of_certificate(request.get_extra_info("peercert"))

    async def _serve(self, request: web.BaseRequest, user: User) -> web.StreamResponse:
        path = request.path
        target = parse_target(request.rel_url.raw_path, self.cluster.catalog)
        if target is None:
            return self._non_resource(request, user, path)
        query, lists = parse_query(request.rel_url.raw_query_string)
        call = Call(
            user=user,
            method=request.method,
            target=target,
            query=query,
            query_lists=lists,
            accept=request.headers.get("Accept", ""),
            content_type=request.headers.get("Content-Type", ""),
            user_agent=request.headers.get("User-Agent", ""),
            body=await _body(request),
        )
        self.cluster.authorizer.check(user, _attributes(call))
        if target.resource.plural in reviews.SELF_REVIEWS or target.resource.plural == "subjectaccessreviews":
            return _json(reviews.answer(self.cluster, call), status=201)
        if target.subresource and target.subresource not in ("status", "scale"):
            return await serve_subresource(self.cluster, call, request)
        if call.method == "GET" and not target.subresource:
            return await self._read(request, call)
        if call.verb not in target.resource.verbs and not target.subresource:
            raise no_method()
        answer = write(self.cluster, call)
        response = _json(answer.body, status=answer.code, request=request)
        for warning in answer.warnings:
            response.headers.add("Warning", f'299 - "{warning}"')
        return response

    async def _read(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        response = await self._read_answer(request, call)
        if not response.prepared and (warning := _DEPRECATED.get(call.target.resource.key)):
            response.headers.add("Warning", f'299 - "{warning}"')
        return response

    async def _read_answer(self, request: web.BaseRequest, call: Call) -> web.StreamResponse:
        shape = negotiate(call.accept)
        if call.verb not in call.target.resource.verbs:
            raise no_method()
        if call.verb == "watch":
            return await self._watch(request, reading.Watch(reading.view(self.cluster, call, shape)))
        if call.target.name:
            body = reading.get(self.cluster, call, shape)
        else:
            body = await reading.list_page(reading.view(self.cluster, call, shape))
        if shape.media == "application/yaml":
            text = yaml.dump(msgspec.json.decode(body), Dumper=yaml.CSafeDumper, sort_keys=False)
            return web.Response(body=text.encode(), content_type="application/yaml")
        return _json(body + b"\n", request=request)

    async def _watch(self, request: web.BaseRequest, watch: reading.Watch) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json", **_common_headers()})
        self.cluster.faults.date(response)
        response.enable_chunked_encoding()
        await response.prepare(request)
        lines = watch.lines()
        try:
            async for batch in lines:
                await self.cluster.faults.held()
                if self.cluster.faults.breaks_now():
                    cut(request)
                await response.write(batch)
        except (ConnectionError, asyncio.CancelledError):
            if asyncio.current_task().cancelling():  # type: ignore[union-attr]
                raise
            return response
        finally:
            await lines.aclose()  # type: ignore[attr-defined]
        await response.write_eof()
        return response

    def _non_resource(self, request: web.BaseRequest, user: User, path: str) -> web.Response:
        self.cluster.authorizer.check(user, Attributes(verb=request.method.lower(), path=path))
        catalog = self.cluster.catalog
        if path in ("/api", "/apis"):
            version = discovery.aggregated_version(request.headers.get("Accept", ""))
            if version:
                body = discovery.aggregated(catalog, core=path == "/api", version=version)
                kind = f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
                return _json(body, content_type=kind, request=request)
        if path == "/version":
            return _json(msgspec.json.encode(_version(self.cluster.version)))
        if path.startswith(_HEALTH):
            return web.Response(text=_health(path, verbose="verbose" in request.query))
        if path.startswith("/openapi/"):
            document = openapi.document(self.cluster, path)
            if document is not None:
                return _json(document, request=request)
        elif (document := discovery.legacy(catalog, path)) is not None:
            return _json(document, request=request)
        if names_version(path, catalog):
            raise no_resource()
        return web.Response(status=404, text="404 page not found\n", headers=_common_headers())


async def _body(request: web.BaseRequest) -> bytes:
    """The whole request body; raises ApiError 413 above the server's limit of 3 MiB."""
    parts, size = [], 0
    async for part in request.content.iter_any():
        size += len(part)
        if size > _MAX_BODY:
            raise ApiError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {_MAX_BODY}")
        parts.append(part)
    return b"".join(parts)


def _attributes(call: Call) -> Attributes:
    target: Target = call.target
    namespace = target.namespace
    if target.resource.key == "namespaces":
        namespace = target.name
    return Attributes(
        verb=call.verb,
        group=target.resource.group,
        resource=target.resource.plural,
        subresource=target.subresource,
        namespace=namespace,
        name=target.name,
    )


def _common_headers() -> dict[str, str]:
    return {
        "Audit-Id": f"{time.monotonic_ns():x}",
        "Cache-Control": "no-cache, private",
        "Date": formatdate(usegmt=True),
        "X-Kubernetes-Pf-Flowschema-Uid": "00000000-0000-4000-8000-000000000001",
        "X-Kubernetes-Pf-Prioritylevel-Uid": "00000000-0000-4000-8000-000000000002",
    }


def _json(
    body: bytes,
    *,
    status: int = 200,
    content_type: str = "application/json",
    request: web.BaseRequest | None = None,
) -> web.Response:
    headers = {**_common_headers(), "Content-Type": content_type, "Vary": "Accept"}
    if (
        request is not None
        and len(body) > _GZIP_FROM
        and "gzip" in request.headers.get("Accept-Encoding", "")
    ):
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        headers["Content-Encoding"] = "gzip"
        headers["Vary"] = "Accept-Encoding, Accept"
    return web.Response(status=status, body=body, headers=headers)


def _version(git: str) -> dict[str, str]:
    major, minor, _ = git.removeprefix("v").split(".")
    return {
        "major": major,
        "minor": minor,
        "emulationMajor": major,
        "emulationMinor": minor,
        "minCompatibilityMajor": major,
        "minCompatibilityMinor": str(int(minor) - 1),
        "gitVersion": git,
        "gitCommit": "0000000000000000000000000000000000000000",
        "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z",
        "goVersion": "go1.25.0",
        "compiler": "gc",
        "platform": "linux/amd64",
    }


def _health(path: str, *, verbose: bool) -> str:
    if not verbose:
        return "ok"
    name = path.strip("/").split("/")[0]
    return f"[+]ping ok\n[+]log ok\n[+]etcd ok\n{name} check passed\n"
