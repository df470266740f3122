"""Where a local engine keeps things.

`home/state` is a cache (pools' paths, attachments, events, logs of processes), `home/pools` the
pools made without a path, `run` the sockets. A socket's path has room for some 100 bytes only:
children run in `run` and use bare names, so that it does not matter how deep it lies.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

CONTROL = "control.sock"


@dataclass(frozen=True, slots=True)
class Layout:
    """The folders of one engine."""

    home: Path
    run: Path

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def logs(self) -> Path:
        return self.state / "logs"

    @property
    def pools(self) -> Path:
        """Where pools are made that were given no path."""
        return self.home / "pools"

    @property
    def mounts(self) -> Path:
        """Where nbdfuse shows volumes as files."""
        return self.run / "attached"

    def make(self) -> None:
        """Make the folders, for this user only. Raises: OSError."""
        for folder in (self.home, self.run, self.state, self.logs, self.mounts):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def socket_name(what: str, id: str) -> str:
    """A short name for a socket: ids may be long, and hostile on a disk that somebody brought."""
    return f"{what}-{hashlib.sha256(id.encode()).hexdigest()[:16]}.sock"
