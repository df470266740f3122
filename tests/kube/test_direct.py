"""Plain TCP: several addresses, none, and a resolver that says nothing."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from backend.kube.direct import DirectOpener
from tests.kube.wire_server import WireServer, keep_answering, serve


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: object, **more: object) -> list[object]:
        if host != "many.example":
            return real(host, port, *args, **more)  # type: ignore[arg-type, return-value]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


async def reach(server: WireServer) -> None:
    stream = await DirectOpener().open("many.example", server.port, 5)
    await stream.send(b"GET / HTTP/1.1\r\n\r\n")
    assert (await stream.receive()).startswith(b"HTTP/1.1 200")
    await stream.aclose()


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("127.0.0.2", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.2"),
        ("127.0.0.2", "127.0.0.3", "127.0.0.1"),
    ],
)
async def test_any_address_that_answers_will_do(
    addresses: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, *addresses)
    async with serve(keep_answering) as server:
        await reach(server)
        await server.until_closed()
        assert server.accepted == 1


async def test_a_silent_address_does_not_keep_us_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A listener whose queue is full drops the handshake, as a firewall does."""
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
    async with serve(keep_answering) as server:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.2", server.port))
            deaf.listen(0)
            fillers = [socket.socket() for _ in range(4)]
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.2", server.port))
            await reach(server)
            for filler in fillers:
                filler.close()
        await server.until_closed()


async def test_no_address_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "127.0.0.2", "127.0.0.3")
    with pytest.raises(OSError, match=r"refused|attempts failed"):
        await DirectOpener().open("many.example", 1, 5)


@pytest.mark.parametrize("host", ["a..b", "x" * 300, ".", "no-such.invalid"])
async def test_names_that_are_none(host: str) -> None:
    with pytest.raises(socket.gaierror):
        await DirectOpener().open(host, 443, 5)


SCRIPT = """
import asyncio, socket, threading
socket.getaddrinfo = lambda *a, **k: threading.Event().wait()
from backend.kube.direct import DirectOpener
async def main():
    try:
        await DirectOpener().open("vpn.example", 443, 0.1)
    except TimeoutError:
        print("in time")
asyncio.run(main())
"""


def test_a_resolver_that_says_nothing_does_not_keep_the_program_from_ending() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.stdout == b"in time\n", done.stderr
    assert done.returncode == 0
