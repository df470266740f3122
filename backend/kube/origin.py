"""Where an API server is: the one place that requests, and credentials, may go to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Scheme, host and port of a server, and the path under which its API lives (without a last slash)."""

    scheme: str
    host: str
    """Without brackets; lower case."""
    port: int
    path: str = ""

    @classmethod
    def parse(cls, server: str) -> Origin:
        """Read a kubeconfig's ``server``; without a scheme it is https, as in client-go.

        Raises ValueError with a sentence that says what is wrong with it (the value itself is not repeated
        where it could hold a password).
        """
        text = server.strip()
        if any(c <= " " or c == "\x7f" for c in text):
            raise ValueError("the server's address contains spaces or control characters")
        if "://" not in text:
            text = f"https://{text}"
        try:
            parts = urlsplit(text)
            port = parts.port
        except ValueError as error:
            raise ValueError("the server's address is not a URL with a valid host and port") from error
        if parts.scheme not in _DEFAULT_PORTS:
            raise ValueError(
                f"the server's address must begin with https:// or http://, not {parts.scheme}://"
            )
        if parts.username is not None or parts.password is not None:
            raise ValueError("the server's address carries a user name; put credentials under users")
        if parts.query or parts.fragment:
            raise ValueError("the server's address must not have a query or fragment")
        if not parts.hostname or port == 0:
            raise ValueError("the server's address names no host")
        try:
            host = parts.hostname if parts.hostname.isascii() else parts.hostname.encode("idna").decode()
        except UnicodeError as error:
            raise ValueError("the server's host name is not a valid internationalised name") from error
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port or _DEFAULT_PORTS[parts.scheme],
            path=parts.path.rstrip("/"),
        )

    @property
    def tls(self) -> bool:
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """``host:port`` as people write it, IPv6 in brackets; the port is always there."""
        return f"{bracketed(self.host)}:{self.port}"

    @property
    def host_header(self) -> str:
        """RFC 9112 §3.2: the port only where it is not the scheme's own."""
        return bracketed(self.host) if self.port == _DEFAULT_PORTS[self.scheme] else self.authority


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
