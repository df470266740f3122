"""A container's log: what to ask for, and how to go on after a cut without losing or repeating a line."""

from __future__ import annotations

from urllib.parse import quote

from backend.kube.wire import Query


def path(name: str, namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(name, safe='')}/log"


def query(
    *,
    container: str,
    follow: bool,
    tail: int | None,
    previous: bool,
    since: str | float | None,
    timestamps: bool,
    limit_bytes: int | None,
) -> Query:
    """PodLogOptions. ``since``: RFC 3339 text becomes sinceTime, a number of seconds sinceSeconds."""
    pairs: list[tuple[str, str]] = []
    if container:
        pairs.append(("container", container))
    pairs += [(key, "true") for key, on in (("follow", follow), ("previous", previous)) if on]
    if timestamps:
        pairs.append(("timestamps", "true"))
    if isinstance(since, str):
        pairs.append(("sinceTime", since))
    elif since is not None:
        pairs.append(("sinceSeconds", str(max(1, round(since)))))
    if tail is not None:
        pairs.append(("tailLines", str(tail)))
    if limit_bytes is not None:
        pairs.append(("limitBytes", str(limit_bytes)))
    return tuple(pairs)


class LogResume:
    """Remembers where a timestamped log was cut, and drops what a resumed stream says again.

    ``sinceTime`` has a resolution of one second: a resumed stream repeats that second's lines. They are
    recognised by timestamp, and those of the very last timestamp by their whole text (lines may share one).
    """

    def __init__(self) -> None:
        self._last = b""
        self._at_last: set[bytes] = set()
        self._resuming = False

    @property
    def since(self) -> str | None:
        """The ``since`` to resume with; None: nothing was seen yet."""
        return self._last.decode("ascii", "replace") or None

    def cut(self) -> None:
        """The stream ended; what comes next is a resumed one."""
        self._resuming = True

    def is_new(self, line: bytes) -> bool:
        """Whether this line (with its timestamp) was not seen before the cut."""
        stamp = line.partition(b" ")[0]
        if self._resuming:
            if _order(stamp) < _order(self._last) or line in self._at_last:
                return False
            if _order(stamp) > _order(self._last):
                self._resuming = False
        if stamp != self._last:
            self._last = stamp
            self._at_last.clear()
        self._at_last.add(line)
        return True


def _order(stamp: bytes) -> tuple[bytes, bytes]:
    """Orders RFC 3339 UTC stamps whose fractions have different lengths (Go drops trailing zeros)."""
    seconds, _, fraction = stamp.removesuffix(b"Z").partition(b".")
    return (seconds, fraction.ljust(9, b"0"))
