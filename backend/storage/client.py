"""Speaks the block engine's control API on its UNIX socket."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import urllib.parse
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import anyio
import h11
import msgspec
from anyio.abc import ByteStream

from backend.kube.http1 import Connection, ConnectionLost, Request
from backend.storage.failures import NoEngine, Refused, StorageFailure

Answer = TypeVar("Answer")
MAX_ANSWER = 32 * 1024 * 1024
_LONGEST_PATH = 100
_OTHERS = ("voter", "admin", "bridge")
"""Sockets of processes that outlive the supervisor: one each."""


class Trouble(msgspec.Struct, frozen=True):
    """The body of every answer above 399."""

    error: str
    next: str = ""


class Client:
    """One request a connection: they are few, and the engine may be restarted at any time."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def ask(
        self,
        method: str,
        path: str,
        kind: type[Answer],
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        deadline: float = 30.0,
    ) -> Answer:
        """An answer of this type.

        :raises NoEngine: nobody answers at the socket
        :raises Refused: the engine said no, and why
        :raises StorageFailure: it did not answer in time, or not in words we know
        """
        raw = await self.raw(method, path, body=body, query=query, deadline=deadline)
        try:
            return msgspec.json.decode(raw or b"null", type=kind)
        except msgspec.DecodeError as error:
            raise StorageFailure(
                f"the engine's answer is not understood: {error}",
                "It may be of another version: navarch engine local down, then up",
            ) from None

    async def raw(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        query: Mapping[str, object] | None = None,
        deadline: float = 30.0,
    ) -> bytes:
        """An answer's bytes. Raises as :meth:`ask`."""
        target = path + (f"?{urllib.parse.urlencode(query)}" if query else "")
        headers = [("Host", b"engine"), ("Accept", b"application/json"), ("Connection", b"close")]
        data = None if body is None else msgspec.json.encode(body)
        request = Request(method=method, target=target, headers=headers, body=data)
        try:
            with anyio.fail_after(deadline):
                async with self._connected() as stream:
                    return await _exchanged(Connection(stream), request, deadline)
        except TimeoutError:
            raise StorageFailure(f"the engine did not answer within {deadline:g} s") from None
        except (ConnectionLost, h11.RemoteProtocolError, OSError) as error:
            raise StorageFailure(
                f"the engine hung up: {error}", "It may just have been restarted: try again"
            ) from None

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[ByteStream]:
        with _reachable(self._socket) as path:
            try:
                stream = await anyio.connect_unix(path)
            except OSError:
                raise _nobody(self._socket.parent) from None
        async with stream:
            yield stream


async def _exchanged(connection: Connection, request: Request, deadline: float) -> bytes:
    head = await connection.send(request)
    pieces: list[bytes] = []
    size = 0
    while piece := await connection.read_body(deadline):
        size += len(piece)
        if size > MAX_ANSWER:
            raise StorageFailure(f"the engine's answer is larger than {MAX_ANSWER >> 20} MiB")
        pieces.append(piece)
    raw = b"".join(pieces)
    if head.status_code >= 400:
        raise _refusal(head.status_code, raw)
    return raw


def _refusal(status: int, raw: bytes) -> Refused:
    try:
        trouble = msgspec.json.decode(raw, type=Trouble)
    except msgspec.DecodeError:
        trouble = Trouble(f"the engine answered with status {status}")
    return Refused(trouble.error, trouble.next, status=status)


def _nobody(run: Path) -> NoEngine:
    """Why nobody answers: whether processes are left whose supervisor was killed."""
    left = sum(_listens(path) for name in _OTHERS for path in run.glob(f"{name}-*.sock"))
    if not left:
        return NoEngine("no block engine runs here", "navarch engine local up")
    what = f"the block engine's supervisor is gone; {left} of its processes go on serving"
    return NoEngine(what, "navarch engine local up looks after them again, local down ends them", left=left)


def _listens(path: Path) -> bool:
    with _reachable(path) as name, socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(1)
        try:
            asking.connect(name)
        except OSError:
            return False
    return True


@contextlib.contextmanager
def _reachable(path: Path) -> Any:
    """A name of the socket that fits: its path may be longer than a socket's address has room for (Linux)."""
    if len(os.fsencode(path)) <= _LONGEST_PATH or not sys.platform.startswith("linux"):
        yield str(path)
        return
    try:
        folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        yield str(path)
        return
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def quoted(name: str) -> str:
    """A name as a piece of a path."""
    return urllib.parse.quote(name, safe="")
