"""Where a process of the engine listens: `unix:/path` or `host:port`."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import NamedTuple


class Address(NamedTuple):
    """A UNIX socket's path, or a host and a TCP port."""

    path: Path | None
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def private(self) -> bool:
        """Whether only this machine can reach it, so that TLS is not needed."""
        if self.path is not None or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse(text: str) -> Address:
    """Raises: ValueError for what is no address."""
    if text.startswith("unix:") and len(text) > 5:
        return Address(Path(text[5:]))
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise ValueError(f"{text!r} is no address; write unix:/path/to/socket or host:port")
    return Address(None, host.strip("[]"), int(port))
