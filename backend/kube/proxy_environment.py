"""HTTPS_PROXY, HTTP_PROXY and NO_PROXY as Go programs such as kubectl read them, networks (CIDR) included."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from backend.kube.origin import Origin


def proxy_url_for(origin: Origin, environ: Mapping[str, str]) -> str:
    """The proxy that the environment names for ``origin``, or an empty string.

    This machine itself is never reached through a proxy (golang.org/x/net/http/httpproxy).
    """
    name = "HTTPS_PROXY" if origin.tls else "HTTP_PROXY"
    url = environ.get(name) or environ.get(name.lower()) or ""
    if not url or _is_here(origin.host) or _excepted(origin, environ):
        return ""
    return url if "://" in url else f"http://{url}"


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _excepted(origin: Origin, environ: Mapping[str, str]) -> bool:
    listed = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return any(_matches(entry.strip().lower(), origin) for entry in listed.split(",") if entry.strip())


def _matches(entry: str, origin: Origin) -> bool:
    if entry == "*":
        return True
    address = _address(origin.host)
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    host, port = _split_port(entry)
    if port is not None and port != origin.port:
        return False
    if (exact := _address(host)) is not None or address is not None:
        return exact is not None and exact == address
    suffix = host.removeprefix("*").removeprefix(".")
    subdomain_only = host != suffix
    return origin.host.endswith(f".{suffix}") or (origin.host == suffix and not subdomain_only)


def _split_port(entry: str) -> tuple[str, int | None]:
    """``host:port``, ``[v6]:port``, or either without a port."""
    host, colon, port = entry.rpartition(":")
    if colon and port.isdigit() and (host.startswith("[") or ":" not in host):
        return host.strip("[]"), int(port)
    return entry.strip("[]"), None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
