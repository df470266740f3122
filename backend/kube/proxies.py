"""Ways to an API server through a proxy: HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, RFC 1929).

The proxy sees which host we go to and an encrypted stream. Its password comes from the URL's user
information and is shown nowhere. Host names are resolved by the proxy, as client-go leaves them to it.
"""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import os
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import anyio
import h11
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

from backend.kube.access import ClusterAccess
from backend.kube.dial import OpenFailed, StreamOpener
from backend.kube.direct import DirectOpener
from backend.kube.origin import Origin, bracketed
from backend.kube.proxy_environment import proxy_url_for
from backend.kube.tls_words import handshake_failure
from backend.secret import Secret

_DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyUrl:
    """A proxy's address; the password is wrapped, so it may be printed."""

    scheme: str
    host: str
    port: int
    username: str = ""
    password: Secret | None = None

    @classmethod
    def parse(cls, url: str) -> ProxyUrl:
        """Read ``proxy-url``: http, https or socks5, as in client-go. Raises ValueError, without the URL."""
        try:
            parts = urlsplit(url.strip())
            port = parts.port
        except ValueError:
            raise ValueError("proxy-url is not a URL with a valid host and port") from None
        if parts.scheme not in _DEFAULT_PORTS:
            raise ValueError("proxy-url must begin with http://, https:// or socks5://")
        if not parts.hostname or any(c <= " " or c == "\x7f" for c in url.strip()):
            raise ValueError("proxy-url names no valid host")
        password = unquote(parts.password) if parts.password is not None else None
        return cls(
            scheme=parts.scheme,
            host=parts.hostname,
            port=port or _DEFAULT_PORTS[parts.scheme],
            username=unquote(parts.username or ""),
            password=Secret(password) if password is not None else None,
        )

    def __str__(self) -> str:
        """For people; without the user information."""
        return f"{self.scheme}://{bracketed(self.host)}:{self.port}"


def opener_for(
    access: ClusterAccess, *, inner: StreamOpener | None = None, environ: Mapping[str, str] = os.environ
) -> StreamOpener:
    """The way the access names: its proxy-url, else the environment's proxy, else directly.

    ``inner`` opens the stream to the proxy itself (or to the server when there is none).
    """
    inner = inner or DirectOpener()
    url = access.proxy_url or proxy_url_for(Origin.parse(access.server), environ)
    if not url:
        return inner
    proxy = ProxyUrl.parse(url)
    if proxy.scheme == "socks5":
        return Socks5Opener(proxy, inner)
    return HttpProxyOpener(proxy, inner, ca_pem=access.ca_pem)


class HttpProxyOpener:
    """A tunnel by CONNECT through an http:// or https:// proxy."""

    def __init__(self, proxy: ProxyUrl, inner: StreamOpener, *, ca_pem: bytes | None = None) -> None:
        self._proxy = proxy
        self._inner = inner
        self._ca_pem = ca_pem
        self.via = f"proxy {proxy}"

    async def open(self, host: str, port: int, deadline: float) -> ByteStream:
        async with _through(self._inner, self._proxy, deadline) as stream:
            tunnel = await self._secured(stream) if self._proxy.scheme == "https" else stream
            await self._connect(tunnel, f"{bracketed(host)}:{port}")
            return tunnel

    async def _secured(self, stream: ByteStream) -> ByteStream:
        """TLS to the proxy itself: the system's authorities, and the cluster's, which is the one Go takes."""
        context = ssl.create_default_context()
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self._ca_pem:
            context.load_verify_locations(cadata=self._ca_pem.decode("ascii", "ignore"))
        try:
            return await TLSStream.wrap(
                stream,
                ssl_context=context,
                hostname=self._proxy.host,
                server_side=False,
                standard_compatible=False,
            )
        except ssl.SSLError as error:
            sentence, _ = handshake_failure(error, f"the proxy {self._proxy}")
            raise OpenFailed(sentence, advice="Look at proxy-url in the kubeconfig.") from error

    async def _connect(self, stream: ByteStream, authority: str) -> None:
        headers = [("Host", authority)]
        if self._proxy.username or self._proxy.password:
            password = self._proxy.password.reveal() if self._proxy.password else b""
            pair = base64.b64encode(self._proxy.username.encode() + b":" + password).decode()
            headers.append(("Proxy-Authorization", f"Basic {pair}"))
        protocol = h11.Connection(h11.CLIENT)
        try:
            request = protocol.send(h11.Request(method="CONNECT", target=authority, headers=headers))
            await stream.send((request or b"") + (protocol.send(h11.EndOfMessage()) or b""))
            while not isinstance(event := protocol.next_event(), h11.Response):
                if event is h11.NEED_DATA:
                    protocol.receive_data(await stream.receive())
        except h11.RemoteProtocolError:
            raise OpenFailed(
                f"the proxy {self._proxy} answered with something that is not HTTP", advice=_CHECK_URL
            ) from None
        self._judge(event.status_code)
        if protocol.trailing_data[0]:
            raise OpenFailed(f"the proxy {self._proxy} speaks before the server does", advice=_CHECK_URL)

    def _judge(self, status: int) -> None:
        if 200 <= status < 300:
            return
        if status == 407:
            raise OpenFailed(
                f"the proxy {self._proxy} wants a login, or refuses the one in proxy-url",
                advice="Put user and password into proxy-url: http://user:password@host:port.",
            )
        advice = "Ask its administrator to allow this host and port."
        if status in {502, 503, 504}:
            advice = "The proxy can't reach the API server: check its address and that it runs."
        raise OpenFailed(f"the proxy {self._proxy} refused the tunnel (HTTP {status})", advice=advice)


_CHECK_URL = "Look at proxy-url in the kubeconfig: scheme, host and port."
_SOCKS_FAILURES = {
    1: "failed",
    2: "does not allow this connection",
    3: "can't reach the server's network",
    4: "can't reach the server",
    5: "was refused by the server",
    6: "lost the connection on its way",
    7: "does not know the CONNECT command",
    8: "does not know this kind of address",
}


class Socks5Opener:
    """A connection through a SOCKS5 proxy, which resolves the host's name."""

    def __init__(self, proxy: ProxyUrl, inner: StreamOpener) -> None:
        self._proxy = proxy
        self._inner = inner
        self.via = f"proxy {proxy}"

    async def open(self, host: str, port: int, deadline: float) -> ByteStream:
        async with _through(self._inner, self._proxy, deadline) as stream:
            await self._log_in(stream)
            await stream.send(b"\x05\x01\x00" + _socks_address(host) + port.to_bytes(2, "big"))
            version, code, _, kind = await _exactly(stream, 4)
            if version != 5:
                raise self._not_socks()
            if code != 0:
                words = _SOCKS_FAILURES.get(code, f"failed (SOCKS code {code})")
                raise OpenFailed(f"the proxy {self._proxy} {words}: {bracketed(host)}:{port}")
            length = {1: 4, 4: 16}.get(kind) or (await _exactly(stream, 1))[0]
            await _exactly(stream, length + 2)
            return stream

    async def _log_in(self, stream: ByteStream) -> None:
        named = bool(self._proxy.username or self._proxy.password)
        await stream.send(b"\x05\x02\x00\x02" if named else b"\x05\x01\x00")
        version, method = await _exactly(stream, 2)
        if version != 5:
            raise self._not_socks()
        if method == 2 and named:
            user = self._proxy.username.encode()[:255]
            password = (self._proxy.password.reveal() if self._proxy.password else b"")[:255]
            await stream.send(b"\x01" + bytes([len(user)]) + user + bytes([len(password)]) + password)
            _, status = await _exactly(stream, 2)
            if status != 0:
                raise OpenFailed(
                    f"the proxy {self._proxy} refuses the login in proxy-url",
                    advice="Correct user and password in proxy-url: socks5://user:password@host:port.",
                )
        elif method != 0:
            raise OpenFailed(
                f"the proxy {self._proxy} wants a login",
                advice="Put user and password into proxy-url: socks5://user:password@host:port.",
            )

    def _not_socks(self) -> OpenFailed:
        return OpenFailed(f"the proxy {self._proxy} does not speak SOCKS5", advice=_CHECK_URL)


def _socks_address(host: str) -> bytes:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode()
        if len(name) > 255:
            raise OpenFailed("the server's name is too long for SOCKS5") from None
        return b"\x03" + bytes([len(name)]) + name
    return (b"\x01" if address.version == 4 else b"\x04") + address.packed


async def _exactly(stream: ByteStream, count: int) -> bytes:
    """``count`` bytes and not one more: what follows belongs to the server."""
    data = b""
    while len(data) < count:
        data += await stream.receive(count - len(data))
    return data


@contextlib.asynccontextmanager
async def _through(inner: StreamOpener, proxy: ProxyUrl, deadline: float) -> AsyncIterator[ByteStream]:
    """A stream to the proxy itself; closed if the way on from it fails, which is said in words."""
    with anyio.fail_after(deadline):
        try:
            stream = await inner.open(proxy.host, proxy.port, deadline)
        except OpenFailed:
            raise
        except TimeoutError:
            raise
        except OSError as error:
            raise OpenFailed(
                f"the proxy {proxy} can't be reached: {error.strerror or error}",
                advice="Check that the proxy (or the SSH tunnel behind it) runs, or correct proxy-url.",
            ) from error
        try:
            yield stream
        except BaseException as error:
            with anyio.move_on_after(2, shield=True):
                await stream.aclose()
            if isinstance(error, anyio.EndOfStream | anyio.BrokenResourceError):
                raise OpenFailed(
                    f"the proxy {proxy} closed the connection instead of opening a tunnel", advice=_CHECK_URL
                ) from error
            raise
