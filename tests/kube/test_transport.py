"""Requests over real sockets: answers, reuse, deadlines, every failure in words, nothing left open."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess, Impersonation
from backend.kube.errors import (
    BadResponse,
    CredentialError,
    DeadlineExceeded,
    KubeconfigError,
    RedirectRefused,
    TlsFailed,
    Unreachable,
)
from backend.kube.transport import Deadlines, Transport
from backend.secret import Secret
from tests.kube.pki import Authority, server_context
from tests.kube.wire_server import Peer, WireServer, keep_answering, serve


def plain(server: WireServer, **more: object) -> ClusterAccess:
    host = f"[{server.host}]" if ":" in server.host else server.host
    return ClusterAccess(id="c1", name="prod", server=f"http://{host}:{server.port}", **more)  # type: ignore[arg-type]


def secure(server: WireServer, ca: bytes | None, **more: object) -> ClusterAccess:
    return ClusterAccess(id="c1", name="prod", server=f"https://127.0.0.1:{server.port}", ca_pem=ca, **more)  # type: ignore[arg-type]


async def body_of(transport: Transport, path: str = "/version", **more: object) -> bytes:
    async with await transport.send("GET", path, **more) as response:  # type: ignore[arg-type]
        return b"".join([piece async for piece in response.chunks()])


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def test_a_request_carries_what_it_was_given_and_the_answer_comes_back() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(b'{"a":1}', headers="Warning: 299 - one\r\nWarning: 299 - two\r\n")

    async with serve(handler) as server, Transport(plain(server, token=Secret("tok"))) as transport:
        response = await transport.send(
            "POST",
            "/api/v1/pods",
            query=(("labelSelector", "a=b,c in (d)"), ("limit", "5")),
            headers={"Accept": "application/json"},
            body=b"{}",
        )
        async with response:
            assert response.status == 200
            assert [v for k, v in response.headers if k == "warning"] == ["299 - one", "299 - two"]
            assert [piece async for piece in response.chunks()] == [b'{"a":1}']
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /api/v1/pods?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=5 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}".encode() in lines
    assert b"Authorization: Bearer tok" in lines
    assert b"Content-Length: 2" in lines
    assert b"Accept: application/json" in lines
    assert body == b"{}"


async def test_the_path_of_the_server_url_comes_first() -> None:
    async with serve(keep_answering) as server:
        access = ClusterAccess(id="c", name="n", server=f"http://127.0.0.1:{server.port}/k8s/clusters/c-1/")
        async with Transport(access) as transport:
            await body_of(transport, "/api")
    assert server.requests[0].startswith(b"GET /k8s/clusters/c-1/api HTTP/1.1\r\n")


async def test_connections_are_used_again_and_closed_at_the_end() -> None:
    async with serve(keep_answering) as server:
        async with Transport(plain(server)) as transport:
            for _ in range(5):
                assert await body_of(transport) == b"ok"
            assert server.accepted == 1
        await server.until_closed()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
async def test_ipv6() -> None:
    try:
        context = serve(keep_answering, host="::1")
        server = await context.__aenter__()
    except OSError:
        pytest.skip("no IPv6 loopback")
    async with Transport(plain(server)) as transport:
        assert await body_of(transport) == b"ok"
    await context.__aexit__(None, None, None)
    assert f"Host: [::1]:{server.port}".encode() in server.requests[0]


async def test_a_kept_connection_that_the_server_closed_is_replaced_for_reads() -> None:
    """The server answers once per connection, then closes without saying so."""

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()  # the second request on this connection: hang up instead of answering

    async with serve(handler) as server, Transport(plain(server)) as transport:
        assert await body_of(transport) == b"ok"
        assert await body_of(transport) == b"ok"
        assert server.accepted == 2


async def test_a_write_takes_no_connection_that_the_server_has_closed() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer()

    async with serve(handler) as server, Transport(plain(server)) as transport:
        await body_of(transport)
        await server.until_closed()
        async with await transport.send("POST", "/x", body=b"{}") as response:
            assert response.status == 200
        assert server.accepted == 2


async def test_a_write_on_a_connection_that_died_is_not_repeated() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer()
        await peer.request()

    async with serve(handler) as server, Transport(plain(server)) as transport:
        await body_of(transport)
        with pytest.raises(Unreachable, match="without answering DELETE /api/v1/pods/x") as caught:
            await transport.send("DELETE", "/api/v1/pods/x")
        assert "look before repeating" in caught.value.advice
        assert len(server.requests) == 2


async def test_closing_an_answer_midway_closes_its_connection_and_frees_its_place() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server), max_connections=1) as transport:
        for _ in range(3):
            response = await transport.send("GET", "/watch", deadline=5)
            async for piece in response.chunks():
                assert piece == b"hello"
                break
            await response.aclose()
            await response.aclose()
            await server.until_closed()


async def test_a_cancelled_read_closes_its_connection_and_frees_its_place() -> None:
    waiting = asyncio.Event()

    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        waiting.set()
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server), max_connections=1) as transport:
        for _ in range(3):
            waiting.clear()
            task = asyncio.create_task(body_of(transport))
            await waiting.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.until_closed()


async def test_a_cancelled_request_leaves_nothing_behind() -> None:
    arrived = asyncio.Event()

    async def handler(peer: Peer) -> None:
        await peer.request()
        arrived.set()
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server), max_connections=1) as transport:
        for _ in range(3):
            arrived.clear()
            task = asyncio.create_task(transport.send("GET", "/x"))
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.until_closed()


async def test_a_slow_reader_slows_the_server_down() -> None:
    sent = 0

    async def handler(peer: Peer) -> None:
        nonlocal sent
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        while True:
            await peer.raw(piece)
            sent += 65536

    async with serve(handler) as server, Transport(plain(server)) as transport:
        response = await transport.send("GET", "/x")
        chunks = response.chunks()
        await anext(chunks)
        previous = -1
        while sent != previous:  # the server goes on until every buffer between us is full
            previous = sent
            for _ in range(200):
                await asyncio.sleep(0)
        assert sent < 64 * 1024 * 1024
        await chunks.aclose()
        await response.aclose()
        await server.until_closed()


async def test_aclose_ends_what_is_under_way_and_leaves_no_task() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await peer.gone()

    async with serve(handler) as server:
        transport = Transport(plain(server))
        response = await transport.send("GET", "/watch")
        chunks = response.chunks()
        await anext(chunks)
        pending = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        await transport.aclose()
        with pytest.raises(Unreachable, match="was lost"):
            await pending
        await server.until_closed()
        with pytest.raises(Unreachable, match="closed on this side"):
            await transport.send("GET", "/again")
        await server.until_closed()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc")
async def test_no_descriptor_is_left_by_any_ending(authority: Authority, tmp_path: Path) -> None:
    """Answered, given up midway, cancelled anywhere, refused in the handshake: the count stays flat."""
    jane = authority.client("jane")

    async def handler(peer: Peer) -> None:
        for _ in range(3):
            await peer.request()
            await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            await asyncio.sleep(0)
            await peer.raw(b"0\r\n\r\n")

    async def one_round(server: WireServer) -> None:
        access = secure(server, authority.pem, client_cert_pem=jane.cert_pem, client_key_pem=jane.key_pem)
        async with Transport(access) as transport, Transport(secure(server, None)) as untrusting:
            tasks = [asyncio.create_task(body_of(transport)) for _ in range(6)]
            tasks += [asyncio.create_task(body_of(untrusting)) for _ in range(2)]
            for turns, task in enumerate(tasks[::2]):
                for _ in range(turns * 7):
                    await asyncio.sleep(0)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await server.until_closed()

    context = server_context(authority.server(), tmp_path, client_ca=authority.pem)
    async with serve(handler, context=context) as server:
        await one_round(server)
        gc.collect()
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(15):
            await one_round(server)
        gc.collect()
        assert len(list(Path("/proc/self/fd").iterdir())) <= before
        assert len(asyncio.all_tasks()) == 1


# --- failures in words -------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_refused() -> None:
    port = free_port()
    async with Transport(ClusterAccess(id="c", name="prod", server=f"https://127.0.0.1:{port}")) as transport:
        with pytest.raises(Unreachable, match=f"127.0.0.1:{port} refused the connection") as caught:
            await transport.send("GET", "/version")
    assert caught.value.cluster == "prod"
    assert "VPN" in caught.value.advice


async def test_unknown_name() -> None:
    access = ClusterAccess(id="c", name="prod", server="https://no-such-host.invalid:6443")
    async with Transport(access) as transport:
        with pytest.raises(Unreachable, match=r"the name no-such-host.invalid can't be resolved"):
            await transport.send("GET", "/version")


@pytest.mark.parametrize("server", ["https://", "ftp://x", "https://u:p@x", "https://h:99999", "https://h h"])
def test_a_useless_address_is_refused_at_once(server: str) -> None:
    with pytest.raises(KubeconfigError) as caught:
        Transport(ClusterAccess(id="c", name="prod", server=server))
    assert "p@x" not in str(caught.value)


async def test_a_server_that_never_answers() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server)) as transport:
        with pytest.raises(DeadlineExceeded, match="GET /version"):
            await transport.send("GET", "/version", deadline=0.2)
        await server.until_closed()


async def test_a_server_that_accepts_and_never_shakes_hands() -> None:
    async def handler(peer: Peer) -> None:
        await peer.gone()

    async with serve(handler) as server, Transport(secure(server, None)) as transport:
        with pytest.raises(DeadlineExceeded, match=f"127.0.0.1:{server.port} did not accept a connection"):
            await transport.send("GET", "/version", deadline=Deadlines(connect=0.2))
        await server.until_closed()


async def test_silence_within_the_body() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server)) as transport:
        with pytest.raises(DeadlineExceeded):
            await body_of(transport, deadline=Deadlines(idle=0.2))
        await server.until_closed()


async def test_waiting_for_a_free_connection_counts() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server), max_connections=1) as transport:
        async with await transport.send("GET", "/watch"):
            with pytest.raises(DeadlineExceeded):
                await transport.send("GET", "/list", deadline=0.2)
        await server.until_closed()


@pytest.mark.parametrize("target", ["https://evil.example/", "/elsewhere", "http://127.0.0.1:1/"])
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
async def test_redirects_are_refused(status: str, target: str) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.answer(status=status, headers=f"Location: {target}\r\n")

    async with serve(handler) as server, Transport(plain(server, token=Secret("tok"))) as transport:
        with pytest.raises(RedirectRefused) as caught:
            await transport.send("GET", "/api")
        assert target in caught.value.detail
        assert len(server.requests) == 1


async def test_304_is_an_answer() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n")

    async with serve(handler) as server, Transport(plain(server)) as transport:  # noqa: SIM117
        async with await transport.send("GET", "/apis") as response:
            assert response.status == 304


@pytest.mark.parametrize(
    "rubbish",
    [b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 2xx OK\r\n\r\n", b"\x00\xff" * 40 + b"\r\n\r\n", b"x" * 300_000],
)
async def test_what_is_not_http(rubbish: bytes) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(rubbish)
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server)) as transport:
        with pytest.raises(BadResponse, match="not HTTP"):
            await transport.send("GET", "/version")
        await server.until_closed()


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ],
)
async def test_a_body_cut_short(cut: bytes) -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(cut)

    async with serve(handler) as server, Transport(plain(server)) as transport:
        with pytest.raises(Unreachable, match="lost during its answer to GET /version"):
            await body_of(transport)


async def test_chunks_that_came_together_are_given_together() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        many = b"".join(b"3\r\n%03d\r\n" % n for n in range(500))
        await peer.raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + many + b"0\r\n\r\n")
        await keep_answering(peer)

    async with serve(handler) as server, Transport(plain(server)) as transport:
        async with await transport.send("GET", "/x") as response:
            pieces = [piece async for piece in response.chunks()]
        assert b"".join(pieces) == b"".join(b"%03d" % n for n in range(500))
        assert len(pieces) < 10
        assert await body_of(transport) == b"ok"
        assert server.accepted == 1


async def test_an_interim_answer_is_skipped() -> None:
    async def handler(peer: Peer) -> None:
        await peer.request()
        await peer.raw(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await peer.answer(b"real")

    async with serve(handler) as server, Transport(plain(server)) as transport:
        assert await body_of(transport) == b"real"


async def test_an_early_refusal_of_a_large_body_is_heard() -> None:
    async def handler(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.answer(b"too big", status="413 Too Large")
        await peer.gone()

    async with serve(handler) as server, Transport(plain(server)) as transport:  # noqa: SIM117
        async with await transport.send("POST", "/x", body=b"x" * 3_000_000, deadline=5) as response:
            assert response.status == 413


# --- TLS ---------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def tls_server(pair: object, folder: Path, **more: object) -> AsyncIterator[WireServer]:
    async with serve(keep_answering, context=server_context(pair, folder, **more)) as server:  # type: ignore[arg-type]
        yield server


async def test_tls_with_a_client_certificate(authority: Authority, tmp_path: Path) -> None:
    jane = authority.client("jane", "dev")
    async with tls_server(authority.server(), tmp_path, client_ca=authority.pem) as server:
        access = secure(server, authority.pem, client_cert_pem=jane.cert_pem, client_key_pem=jane.key_pem)
        async with Transport(access) as transport:
            assert await body_of(transport) == b"ok"
            assert await body_of(transport) == b"ok"
        assert server.accepted == 1
        await server.until_closed()


async def test_a_missing_client_certificate_is_named(authority: Authority, tmp_path: Path) -> None:
    async with tls_server(authority.server(), tmp_path, client_ca=authority.pem) as server:  # noqa: SIM117
        async with Transport(secure(server, authority.pem)) as transport:
            with pytest.raises(Unreachable) as caught:
                await body_of(transport)
            assert "client certificate" in caught.value.sentence + caught.value.advice


async def test_a_client_certificate_of_a_stranger_is_named(authority: Authority, tmp_path: Path) -> None:
    mallory = Authority("other").client()
    async with tls_server(authority.server(), tmp_path, client_ca=authority.pem) as server:
        access = secure(
            server, authority.pem, client_cert_pem=mallory.cert_pem, client_key_pem=mallory.key_pem
        )
        async with Transport(access) as transport:
            with pytest.raises(Unreachable) as caught:
                await body_of(transport)
            assert "client certificate" in caught.value.sentence + caught.value.advice


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda a: a.server(expired=True), "has expired"),
        (lambda a: a.server(early=True), "not valid yet"),
        (lambda a: a.server("10.9.9.9"), "not for this IP address"),
        (lambda a: Authority("stranger").server(), "unknown authority"),
        (lambda a: a.server(usage="client"), "not meant for a server"),
    ],
)
async def test_what_is_wrong_with_the_certificate(
    make: object, words: str, authority: Authority, tmp_path: Path
) -> None:
    async with tls_server(make(authority), tmp_path) as server:  # type: ignore[operator]
        async with Transport(secure(server, authority.pem)) as transport:
            with pytest.raises(TlsFailed, match=words) as caught:
                await body_of(transport)
            assert f"127.0.0.1:{server.port}" in caught.value.sentence
            assert caught.value.advice
        await server.until_closed()


async def test_tls_server_name(authority: Authority, tmp_path: Path) -> None:
    async with tls_server(authority.server("api.prod.example"), tmp_path) as server:
        async with Transport(secure(server, authority.pem, tls_server_name="api.prod.example")) as transport:
            assert await body_of(transport) == b"ok"
        async with Transport(secure(server, authority.pem, tls_server_name="other.example")) as transport:
            with pytest.raises(TlsFailed, match="another host name"):
                await body_of(transport)


async def test_insecure_skip_tls_verify_is_honoured(tmp_path: Path) -> None:
    async with tls_server(Authority("x").server("nobody", expired=True), tmp_path) as server:  # noqa: SIM117
        async with Transport(secure(server, None, insecure_skip_tls_verify=True)) as transport:
            assert await body_of(transport) == b"ok"


async def test_https_to_a_server_without_tls(authority: Authority) -> None:
    async def handler(peer: Peer) -> None:
        await peer.reader.read(100)
        await peer.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serve(handler) as server, Transport(secure(server, authority.pem)) as transport:
        with pytest.raises(TlsFailed, match="does not speak TLS"):
            await body_of(transport)


async def test_a_handshake_cut_off(authority: Authority) -> None:
    async def handler(peer: Peer) -> None:
        await peer.reader.read(100)

    async with serve(handler) as server, Transport(secure(server, authority.pem)) as transport:
        with pytest.raises(TlsFailed, match="closed the connection during the TLS handshake"):
            await body_of(transport)


async def test_handshakes_go_through_admission(authority: Authority, tmp_path: Path) -> None:
    inside = most = 0
    turn = asyncio.Semaphore(2)

    @contextlib.asynccontextmanager
    async def admission() -> AsyncIterator[None]:
        nonlocal inside, most
        async with turn:
            inside += 1
            most = max(most, inside)
            yield
            inside -= 1

    async with tls_server(authority.server(), tmp_path) as server:  # noqa: SIM117
        async with Transport(secure(server, authority.pem), handshakes=admission) as transport:
            assert await asyncio.gather(*(body_of(transport) for _ in range(8))) == [b"ok"] * 8
    assert most == 2
    assert server.accepted == 8


# --- credentials on the wire -------------------------------------------------------------------------


async def test_impersonation_headers_as_client_go_spells_them() -> None:
    who = Impersonation(
        user="jane", uid="u-1", groups=("dev", "ops"), extra=(("scopes/x y", ("a", "b")), ("plain", ("c",)))
    )
    async with serve(keep_answering) as server, Transport(plain(server, impersonate=who)) as transport:
        await body_of(transport)
    lines = [line for line in server.requests[0].split(b"\r\n") if line.startswith(b"Impersonate")]
    assert lines == [
        b"Impersonate-User: jane",
        b"Impersonate-Uid: u-1",
        b"Impersonate-Group: dev",
        b"Impersonate-Group: ops",
        b"Impersonate-Extra-scopes%2Fx%20y: a",
        b"Impersonate-Extra-scopes%2Fx%20y: b",
        b"Impersonate-Extra-plain: c",
    ]


@pytest.mark.parametrize("name", ["a\r\nAuthorization: Bearer x", "a\x00"])
async def test_a_name_to_act_as_cannot_smuggle_a_header(name: str) -> None:
    async with serve(keep_answering) as server:
        async with Transport(plain(server, impersonate=Impersonation(user="u", groups=(name,)))) as transport:
            with pytest.raises(CredentialError):
                await body_of(transport)
        assert server.requests == []


async def test_a_refused_token_file_is_read_again_and_the_request_repeated(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")

    async def handler(peer: Peer) -> None:
        while True:
            request = await peer.request()
            good = b"Authorization: Bearer new\r\n" in request
            await peer.answer(b"fine" if good else b"no", status="200 OK" if good else "401 Unauthorized")

    async with serve(handler) as server, Transport(plain(server, token_file=file)) as transport:
        async with await transport.send("GET", "/x") as response:
            assert response.status == 401
        file.write_text("new\n")
        assert await body_of(transport) == b"fine"
        assert len(server.requests) == 3


async def test_nothing_is_garbage_with_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    async with serve(keep_answering) as server, Transport(plain(server)) as transport:
        await body_of(transport)
    gc.collect()
    assert [w for w in recwarn if issubclass(w.category, ResourceWarning)] == []
