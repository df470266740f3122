"""Through real little proxies to a TLS server; and what is said when a proxy won't."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess
from backend.kube.direct import DirectOpener
from backend.kube.errors import DeadlineExceeded, KubeError, Unreachable
from backend.kube.origin import Origin
from backend.kube.proxies import ProxyUrl, opener_for
from backend.kube.proxy_environment import proxy_url_for
from backend.kube.transport import Deadlines, Transport
from tests.kube.pki import Authority, server_context
from tests.kube.proxy_server import Proxy
from tests.kube.wire_server import Peer, keep_answering, serve


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


async def version(access: ClusterAccess) -> bytes:
    async with Transport(access) as transport:
        response = await transport.send("GET", "/version", deadline=Deadlines(connect=5, head=5))
        return b"".join([piece async for piece in response.chunks()])


def access(server: str, proxy: str, authority: Authority) -> ClusterAccess:
    return ClusterAccess(id="c", name="prod", server=server, proxy_url=proxy, ca_pem=authority.pem)


@pytest.mark.parametrize("login", [None, ("me@corp", "p:w/d")])
@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
async def test_through_each_kind_of_proxy(
    kind: str, login: tuple[str, str] | None, authority: Authority, tmp_path: Path
) -> None:
    proxy = Proxy(login=login)
    tls = server_context(authority.server("api.example"), tmp_path)
    async with serve(keep_answering, context=tls) as server:
        proxy.connect_to = (server.host, server.port)
        way = (
            proxy.socks5()
            if kind == "socks5"
            else proxy.http(server_context(authority.server(), tmp_path) if kind == "https" else None)
        )
        async with way as listening:
            user = "me%40corp:p%3Aw%2Fd@" if login else ""
            url = f"{kind}://{user}127.0.0.1:{listening.port}"
            assert await version(access("https://api.example:6443", url, authority)) == b"ok"
            await listening.until_closed()
    assert proxy.targets == ["api.example:6443"]


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize(("host", "shown"), [("127.0.0.9", "127.0.0.9"), ("[fd00::1]", "fd00::1")])
async def test_addresses_and_plain_http(kind: str, host: str, shown: str, authority: Authority) -> None:
    proxy = Proxy()
    async with serve(keep_answering) as server:
        proxy.connect_to = (server.host, server.port)
        async with proxy.socks5() if kind == "socks5" else proxy.http() as listening:
            url = f"{kind}://127.0.0.1:{listening.port}"
            assert await version(access(f"http://{host}:8080", url, authority)) == b"ok"
    assert proxy.targets[0].replace("[", "").replace("]", "") == f"{shown}:8080"


async def refusal(
    proxy_url: str, authority: Authority, *, server: str = "https://api.example:6443"
) -> KubeError:
    with pytest.raises(Unreachable) as caught:
        await version(access(server, proxy_url, authority))
    assert "SECRET" not in caught.value.sentence + caught.value.advice + caught.value.detail
    assert caught.value.advice
    return caught.value


@pytest.mark.parametrize("kind", ["http", "socks5"])
@pytest.mark.parametrize("user", ["", "me:SECRET@"])
async def test_a_proxy_that_wants_another_login(kind: str, user: str, authority: Authority) -> None:
    proxy = Proxy(login=("me", "right"))
    async with proxy.socks5() if kind == "socks5" else proxy.http() as listening:
        error = await refusal(f"{kind}://{user}127.0.0.1:{listening.port}", authority)
        await listening.until_closed()
    assert "login" in error.sentence
    assert f"{kind}://127.0.0.1:{listening.port}" in error.sentence
    assert proxy.targets == []


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_server_that_the_proxy_cannot_reach(kind: str, authority: Authority) -> None:
    proxy = Proxy(connect_to=("127.0.0.1", 1))
    async with proxy.socks5() if kind == "socks5" else proxy.http() as listening:
        error = await refusal(f"{kind}://127.0.0.1:{listening.port}", authority)
        await listening.until_closed()
    assert "502" in error.sentence or "refused by the server" in error.sentence


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
async def test_a_proxy_that_is_not_there(kind: str, authority: Authority) -> None:
    error = await refusal(f"{kind}://me:SECRET@127.0.0.1:1", authority)
    assert "the proxy" in error.sentence
    assert "can't be reached" in error.sentence


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_a_proxy_that_hangs_up(kind: str, authority: Authority) -> None:
    async def handler(peer: Peer) -> None:
        await peer.reader.read(1)

    async with serve(handler) as listening:
        error = await refusal(f"{kind}://127.0.0.1:{listening.port}", authority)
    assert "proxy" in error.sentence


@pytest.mark.parametrize("kind", ["http", "socks5"])
async def test_what_is_no_proxy(kind: str, authority: Authority) -> None:
    async def handler(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.raw(b"220 mail.example ESMTP\r\n\r\n")
        await peer.gone()

    async with serve(handler) as listening:
        error = await refusal(f"{kind}://127.0.0.1:{listening.port}", authority)
        await listening.until_closed()
    assert "not HTTP" in error.sentence or "does not speak SOCKS5" in error.sentence


@pytest.mark.parametrize("kind", ["http", "https", "socks5"])
async def test_a_proxy_that_never_answers(kind: str, authority: Authority) -> None:
    async def handler(peer: Peer) -> None:
        await peer.gone()

    async with serve(handler) as listening:
        way = access("https://api.example", f"{kind}://127.0.0.1:{listening.port}", authority)
        async with Transport(way) as transport:
            with pytest.raises(DeadlineExceeded, match=r"through proxy .*did not accept"):
                await transport.send("GET", "/", deadline=Deadlines(connect=0.2))
        await listening.until_closed()


async def test_a_proxy_with_a_bad_certificate(authority: Authority, tmp_path: Path) -> None:
    proxy = Proxy()
    async with proxy.http(server_context(authority.server(expired=True), tmp_path)) as listening:
        error = await refusal(f"https://127.0.0.1:{listening.port}", authority)
    assert "proxy" in error.sentence
    assert "expired" in error.sentence


def test_a_proxy_url_shows_no_password() -> None:
    proxy = ProxyUrl.parse("socks5://me:SECRET@[::1]")
    assert str(proxy) == "socks5://[::1]:1080"
    assert "SECRET" not in repr(proxy)
    via = opener_for(
        ClusterAccess(id="c", name="n", server="https://x", proxy_url="http://me:SECRET@p:1")
    ).via
    assert via == "proxy http://p:1"


@pytest.mark.parametrize(
    "url", ["socks4://x", "socks5h://x", "p:8080", "http://", "http://h:99999", "http://a b"]
)
def test_other_proxies_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="proxy-url"):
        ProxyUrl.parse(url)


# --- the environment's proxy -------------------------------------------------------------------------

BOTH = {"HTTPS_PROXY": "http://s:1", "HTTP_PROXY": "http://h:1"}


@pytest.mark.parametrize(
    ("server", "environ", "expected"),
    [
        ("https://api.example", BOTH, "http://s:1"),
        ("http://api.example", BOTH, "http://h:1"),
        ("https://api.example", {"https_proxy": "s:1"}, "http://s:1"),
        ("https://api.example", {}, ""),
        ("https://localhost:6443", BOTH, ""),
        ("https://127.0.0.5:6443", BOTH, ""),
        ("https://[::1]:6443", BOTH, ""),
        ("https://api.example", BOTH | {"NO_PROXY": "*"}, ""),
        ("https://api.example", BOTH | {"NO_PROXY": "other, api.example"}, ""),
        ("https://api.example", BOTH | {"no_proxy": "example"}, ""),
        ("https://api.example", BOTH | {"NO_PROXY": ".example"}, ""),
        ("https://example", BOTH | {"NO_PROXY": ".example"}, "http://s:1"),
        ("https://myexample", BOTH | {"NO_PROXY": "example"}, "http://s:1"),
        ("https://api.example:6443", BOTH | {"NO_PROXY": "api.example:6443"}, ""),
        ("https://api.example:6443", BOTH | {"NO_PROXY": "api.example:443"}, "http://s:1"),
        ("https://10.1.2.3", BOTH | {"NO_PROXY": "10.0.0.0/8"}, ""),
        ("https://11.1.2.3", BOTH | {"NO_PROXY": "10.0.0.0/8,bad/cidr"}, "http://s:1"),
        ("https://[fd00::5]", BOTH | {"NO_PROXY": "fd00::/8"}, ""),
        ("https://10.1.2.3", BOTH | {"NO_PROXY": "10.1.2.3"}, ""),
        ("https://210.1.2.3", BOTH | {"NO_PROXY": "10.1.2.3"}, "http://s:1"),
    ],
)
def test_the_environments_proxy(server: str, environ: Mapping[str, str], expected: str) -> None:
    assert proxy_url_for(Origin.parse(server), environ) == expected


def test_without_any_proxy_the_way_is_direct() -> None:
    opener = opener_for(ClusterAccess(id="c", name="n", server="https://x"), environ={})
    assert isinstance(opener, DirectOpener)
