"""Plain TCP to a host: its name looked up without holding anybody up, its addresses tried side by side."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address

import anyio
from anyio.abc import ByteStream, SocketAttribute, SocketStream

ATTEMPT_DELAY = 0.25
"""Seconds until the next address is tried beside the one before (RFC 8305 §5)."""


class DirectOpener:
    """A ``StreamOpener`` without anything in between."""

    via = ""

    async def open(self, host: str, port: int, deadline: float) -> ByteStream:
        """See ``StreamOpener``. IPv4 or IPv6, whichever answers first."""
        with anyio.fail_after(deadline):
            stream = await _first_of(await _addresses(host, port), port)
        _notice_dead_peers(stream.extra(SocketAttribute.raw_socket))  # noqa: S610  no Django
        return stream


async def _addresses(host: str, port: int) -> Sequence[str]:
    """The host's addresses in the system's order. Raises socket.gaierror.

    In a daemon thread, not in asyncio's executor: a resolver that is silent (the VPN is down) keeps its
    thread for up to half a minute, and the program's end would wait for an executor's threads.
    """
    with contextlib.suppress(ValueError):
        return [str(ip_address(host))]
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def deliver(result: list[str] | OSError) -> None:
        if found.done():
            return
        if isinstance(result, OSError):
            found.set_exception(result)
        else:
            found.set_result(result)

    def look_up() -> None:
        result: list[str] | OSError
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            result = list(dict.fromkeys(str(info[4][0]) for info in infos))
        except UnicodeError:
            result = socket.gaierror(socket.EAI_NONAME, "not a valid host name")
        except OSError as error:
            result = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, result)

    threading.Thread(target=look_up, name="resolve", daemon=True).start()
    return await found


async def _first_of(addresses: Sequence[str], port: int) -> SocketStream:
    """The first connection that comes about; raises the last address's OSError if none does."""
    connected: list[SocketStream] = []
    errors: list[OSError] = []

    async def attempt(address: str, ended: anyio.Event) -> None:
        try:
            stream = await anyio.connect_tcp(address, port)
        except OSError as error:
            errors.append(error)
        else:
            connected.append(stream)
            group.cancel_scope.cancel()
        finally:
            ended.set()

    try:
        async with anyio.create_task_group() as group:
            for address in addresses:
                ended = anyio.Event()
                group.start_soon(attempt, address, ended)
                with anyio.move_on_after(ATTEMPT_DELAY):
                    await ended.wait()
    except BaseException:
        for stream in connected:
            await anyio.aclose_forcefully(stream)
        raise
    for late in connected[1:]:
        await anyio.aclose_forcefully(late)
    if not connected:
        raise errors[-1]
    return connected[0]


def _notice_dead_peers(sock: socket.socket) -> None:
    """Let the kernel end connections whose peer is gone (a laptop that slept, a firewall that forgot)."""
    options = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        options.append((socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000))
    for level, option, value in options:
        with contextlib.suppress(OSError):  # an option that this system lacks costs us only earlier notice
            sock.setsockopt(level, option, value)
