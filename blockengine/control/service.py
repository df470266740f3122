"""The control API over HTTP: on a UNIX socket of its user's alone, or over TLS with a bearer token."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import os
import socket
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from blockengine.control.engine import Engine, Impossible
from blockengine.control.metrics import exposition
from blockengine.control.model import Trouble
from blockengine.control.openapi import document
from blockengine.control.operations import OPERATIONS, Call, Operation

MAX_BODY = 64 * 1024
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(engine: Engine, *, token: str = "") -> web.Application:
    """The aiohttp application. With a `token`, every request must bring it."""

    @web.middleware
    async def guarded(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if token and not _brings(request, token):
            return _trouble(401, "this needs the engine's token", "Authorization: Bearer …")
        try:
            return await handler(request)
        except Impossible as error:
            return _trouble(error.status, str(error), error.next)
        except web.HTTPException as error:
            return _trouble(
                error.status, f"{request.method} {request.path}: {error.reason}", "GET /openapi.json"
            )
        except asyncio.CancelledError:
            raise
        except Exception as error:
            return _trouble(500, f"an internal error: {error!r}", "This is a bug; the engine goes on.")

    app = web.Application(middlewares=[guarded], client_max_size=MAX_BODY)
    for operation in OPERATIONS:
        app.router.add_route(operation.method, operation.path, _handler(engine, operation))

    async def openapi(request: web.Request) -> web.Response:
        return _json(document())

    async def metrics(request: web.Request) -> web.Response:
        text = exposition(engine.pools(), engine.volumes())
        return web.Response(body=text.encode(), headers={"Content-Type": "text/plain; version=0.0.4"})

    async def health(request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/metrics", metrics)
    app.router.add_get("/healthz", health)
    return app


def _handler(engine: Engine, operation: Operation) -> _Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        body: Any = None
        if operation.takes is not None:
            raw = await request.read()
            try:
                body = msgspec.json.decode(raw or b"{}", type=operation.takes)
            except msgspec.DecodeError as error:
                raise Impossible(
                    f"the request is not understood: {error}", "GET /openapi.json", status=400
                ) from None
        answer = await operation.run(engine, Call(request.match_info, request.query, body))
        return _json(answer) if operation.answers is not None else web.Response(status=204)

    return handle


def _brings(request: web.Request, token: str) -> bool:
    given = request.headers.get("Authorization", "")
    return hmac.compare_digest(given.encode(errors="replace"), f"Bearer {token}".encode())


def _json(value: object, *, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(value), content_type="application/json")


def _trouble(status: int, what: str, advice: str = "") -> web.Response:
    return _json(Trouble(what, advice), status=status)


class Service:
    """Listens. Both ways may be open at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._runners: list[web.AppRunner] = []

    async def listen_unix(self, path: Path) -> None:
        """A socket that only this user can reach; one left over is replaced. Raises: OSError."""
        runner = await self._runner("")
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        await web.UnixSite(runner, str(path)).start()
        os.chmod(path, 0o600)

    async def listen_tcp(self, bound: socket.socket, *, tls: ssl.SSLContext, token: str) -> None:
        """TLS, and a token that every request must bring. Raises: OSError, ValueError."""
        if len(token) < 16:
            raise ValueError("a token has at least 16 characters")
        runner = await self._runner(token)
        await web.SockSite(runner, bound, ssl_context=tls).start()

    async def _runner(self, token: str) -> web.AppRunner:
        runner = web.AppRunner(application(self._engine, token=token), access_log=None, shutdown_timeout=2)
        await runner.setup()
        self._runners.append(runner)
        return runner

    async def stop(self) -> None:
        """Answer what was asked, then hang up."""
        for runner in self._runners:
            await runner.cleanup()
