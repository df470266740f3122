"""Kubernetes' remote command protocol over WebSocket: one connection, numbered channels.

``v5.channel.k8s.io`` (KEP-4006; v4 is the same without closing a channel): the first byte of a message is the
channel, 0 standard input, 1 output, 2 errors, 3 the final Status, 4 the terminal's size, 255 "this channel is
closed".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from aiohttp import WSMsgType, web

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


class Channels:
    """The server's end of one remote command."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self.on_resize: Callable[[int, int], None] = lambda columns, rows: None

    async def pump(self) -> None:
        """Sort the client's messages until it goes away; end of input is an empty piece."""
        try:
            async for message in self._socket:
                if message.type is not WSMsgType.BINARY or not message.data:
                    continue
                channel, data = message.data[0], message.data[1:]
                if channel == STDIN and data:
                    self._input.put_nowait(data)
                elif channel == CLOSE and data[:1] == bytes([STDIN]):
                    self._input.put_nowait(b"")
                elif channel == RESIZE:
                    self._resize(data)
        finally:
            self._input.put_nowait(b"")

    async def read(self) -> bytes:
        """The next piece of standard input; empty at its end, again and again."""
        data = await self._input.get()
        if not data:
            self._input.put_nowait(b"")
        return data

    async def write(self, data: bytes, channel: int = STDOUT) -> None:
        if data:
            await self._socket.send_bytes(bytes([channel]) + data)

    async def end(self, code: int) -> None:
        """Send the final Status: how the command ended."""
        status: dict[str, object] = {"metadata": {}, "status": "Success"}
        if code:
            status = {
                "metadata": {},
                "status": "Failure",
                "message": f"command terminated with non-zero exit code: exit code {code}",
                "reason": "NonZeroExitCode",
                "details": {"causes": [{"reason": "ExitCode", "message": str(code)}]},
            }
        await self._socket.send_bytes(bytes([ERROR]) + msgspec.json.encode(status))
        await self._socket.close()

    def _resize(self, data: bytes) -> None:
        try:
            size = msgspec.json.decode(data, type=dict[str, int])
        except msgspec.DecodeError:
            return
        self.on_resize(size.get("Width", 80), size.get("Height", 24))
