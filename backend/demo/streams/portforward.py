"""port-forward: connections to a simulated pod's ports, answered by a small web page.

``SPDY/3.1+portforward.k8s.io``: SPDY's bytes in WebSocket messages (KEP-4006). For each connection the client
opens two streams with the same ``requestid``: ``error``, on which the server tells what went wrong, and
``data``.
"""

from __future__ import annotations

from typing import Any

from aiohttp import WSMsgType, web

from backend.demo.calls import Call
from backend.demo.cluster import Cluster
from backend.demo.status import ApiError, bad_request
from backend.demo.streams import spdy

PROTOCOL = "SPDY/3.1+portforward.k8s.io"
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 64 * 1024


async def forward(
    cluster: Cluster, call: Call, request: web.BaseRequest, pod: dict[str, Any]
) -> web.StreamResponse:
    """``pods/NAME/portforward``."""
    if pod.get("status", {}).get("phase") != "Running":
        phase = pod.get("status", {}).get("phase", "Pending")
        why = f"unable to forward port because pod is not running. Current status={phase}"
        raise ApiError(500, "InternalError", f"Internal error occurred: {why}")
    socket = web.WebSocketResponse(protocols=(PROTOCOL,), heartbeat=30.0)
    if not socket.can_prepare(request).ok:
        raise bad_request("Upgrade request required")
    await socket.prepare(request)
    tunnel = _Tunnel(socket, pod)
    async for message in socket:
        if message.type is WSMsgType.BINARY:
            try:
                await tunnel.feed(message.data)
            except spdy.Broken:
                break
    await socket.close()
    return socket


class _Tunnel:
    """All connections of one port-forward."""

    def __init__(self, socket: web.WebSocketResponse, pod: dict[str, Any]) -> None:
        self._socket, self._pod = socket, pod
        self._reader, self._writer = spdy.Reader(), spdy.Writer()
        self._errors: dict[str, int] = {}
        """Request id -> its error stream."""
        self._heads: dict[int, bytearray] = {}
        """Data stream -> what of an HTTP request has come."""
        self._ports = {
            port["containerPort"]
            for container in pod["spec"]["containers"]
            for port in container.get("ports") or ()
        }

    async def feed(self, data: bytes) -> None:
        """Raises spdy.Broken."""
        for frame in self._reader.feed(data):
            if frame.type == spdy.SYN_STREAM:
                await self._open(frame)
            elif frame.type == spdy.PING:
                await self._socket.send_bytes(self._writer.ping(frame.data))
            elif frame.type == spdy.RST_STREAM:
                self._heads.pop(frame.stream, None)
            elif frame.type == 0 and frame.stream in self._heads:
                await self._receive(frame)

    async def _open(self, frame: spdy.Frame) -> None:
        await self._socket.send_bytes(self._writer.reply(frame.stream))
        asked = frame.headers.get("requestid", "")
        if frame.headers.get("streamtype") == "error":
            self._errors[asked] = frame.stream
            return
        port = frame.headers.get("port", "")
        error = self._errors.pop(asked, 0)
        if self._ports and (not port.isdigit() or int(port) not in self._ports):
            name, namespace = self._pod["metadata"]["name"], self._pod["metadata"]["namespace"]
            said = f"error forwarding port {port} to pod {name}.{namespace}: connect: connection refused"
            await self._socket.send_bytes(self._writer.data(error, said.encode(), fin=True))
            await self._socket.send_bytes(self._writer.data(frame.stream, b"", fin=True))
            return
        await self._socket.send_bytes(self._writer.data(error, b"", fin=True))
        self._heads[frame.stream] = bytearray()

    async def _receive(self, frame: spdy.Frame) -> None:
        head = self._heads[frame.stream]
        head += frame.data
        if _END_OF_HEAD not in head and len(head) < _LONGEST_HEAD and not frame.fin:
            return
        del self._heads[frame.stream]
        await self._socket.send_bytes(self._writer.data(frame.stream, self._page(bytes(head)), fin=True))

    def _page(self, head: bytes) -> bytes:
        """What every simulated program answers, whatever it is asked."""
        meta = self._pod["metadata"]
        asked = head.partition(b"\r\n")[0].decode("ascii", "replace")
        text = f"{meta['namespace']}/{meta['name']} in the demo fleet\n{asked}\n".encode()
        return (
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
            + f"Content-Length: {len(text)}\r\n\r\n".encode()
            + text
        )
