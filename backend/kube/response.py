"""An answer whose body arrives piece by piece, at the reader's pace."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Protocol, Self

import h11

from backend.kube.errors import KubeError
from backend.kube.http1 import Connection, ConnectionLost

TRANSPORT_ERRORS = (ConnectionLost, h11.RemoteProtocolError, OSError)
"""What can go wrong on an open connection; TimeoutError and ssl.SSLError are OSErrors."""


class Finish(Protocol):
    """Gives a connection back: kept if it can be used again, else closed."""

    def __call__(self, connection: Connection, *, reusable: bool) -> Awaitable[None]: ...


class Response:
    """Status, headers and a body of bytes as the server sent them (not decompressed).

    Nothing is read ahead: a slow reader slows the server down. Read to the end, the connection is kept;
    left before, it is closed.
    """

    def __init__(
        self,
        head: h11.Response,
        connection: Connection,
        *,
        finish: Finish,
        in_words: Callable[[Exception], KubeError],
        idle: float,
    ) -> None:
        self.status: int = head.status_code
        self.headers: list[tuple[str, str]] = [
            (name.decode("latin-1").lower(), value.decode("utf-8", "replace")) for name, value in head.headers
        ]
        """Names in lower case, repeated ones kept; values are hostile until they pass ``safe_text``."""
        self._connection = connection
        self._finish = finish
        self._in_words = in_words
        self._idle = idle
        self._open = True

    def header(self, name: str, default: str = "") -> str:
        """The first header of that (lower-case) name."""
        return next((value for key, value in self.headers if key == name), default)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The pieces of the body as they arrive.

        Raises DeadlineExceeded after ``idle`` seconds of silence, Unreachable if the connection is lost or
        the body cut short, BadResponse if it is not HTTP.
        """
        try:
            while self._open:
                piece = await self._connection.read_body(self._idle)
                if piece:
                    yield piece
                else:
                    self._open = False
                    await self._finish(self._connection, reusable=True)
        except TRANSPORT_ERRORS as error:
            raise self._in_words(error) from error
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Give up the rest of the body, which closes the connection; nothing if it was read to its end."""
        if self._open:
            self._open = False
            await self._finish(self._connection, reusable=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
