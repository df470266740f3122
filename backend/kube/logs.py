"""A container's log: what to ask for, and how to go on after a cut without losing or repeating a line."""

from __future__ import annotations

import re
from array import array
from collections import Counter, deque
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import quote

from backend.kube.wire import Query

SECOND = 1_000_000_000
HELD = 8 * 1024 * 1024
"""Bytes of a log's last two seconds that are kept as they are."""
LONGEST_LINE = 1024 * 1024
"""Bytes of one line; what is longer is broken into several lines of one time."""


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
    """Remembers what a timestamped log said last, and drops what a resumed stream says again.

    ``sinceTime`` is of whole seconds, and a container's two outputs may be written a little out of order: so
    a resumed stream is asked from a second before the latest line on, and repeats what was seen since then.
    Those lines are recognised whole, each as often as it was seen: lines may share a time, even a text.

    Blocks of whole lines are kept as they came, those of the last two seconds; they are only looked into
    after a cut, so that an uncut stream costs next to nothing. Times are nanoseconds since the epoch.
    """

    def __init__(self) -> None:
        self._blocks: deque[tuple[int, bytes | array[int]]] = deque()
        self._held = 0
        self._latest = 0
        self._again: Counter[int] | None = None

    @property
    def latest(self) -> int:
        """Time of the latest line; 0: nothing was seen yet."""
        return self._latest

    @property
    def since(self) -> str | None:
        """The ``since`` to resume with; None: nothing was seen yet."""
        return rfc3339(self._latest // SECOND - 1) if self._latest else None

    def cut(self) -> None:
        """The stream ended; what comes next is a resumed one."""
        self._again = Counter()
        for _, block in self._blocks:
            self._again.update(_hashes(block))

    def new(self, block: bytes) -> bytes:
        """The lines of a block (whole lines, each with its time) that were not seen before the cut."""
        if self._again is not None:
            block = self._without_seen(block)
        if block:
            self._keep(block)
        return block

    def _without_seen(self, block: bytes) -> bytes:
        again = self._again
        assert again is not None
        new: list[bytes] = []
        lines = block.split(b"\n")
        for at, line in enumerate(lines[:-1]):
            mark = hash(line)
            if again.get(mark):
                again[mark] -= 1
                continue
            new.append(line)
            if (nanoseconds_of(line) or 0) > self._latest + SECOND:
                self._again = None  # past everything that could be repeated
                new += lines[at + 1 : -1]
                break
        return b"".join(line + b"\n" for line in new)

    def _keep(self, block: bytes) -> None:
        last = nanoseconds_of(block[block.rfind(b"\n", 0, len(block) - 1) + 1 :]) or self._latest
        self._latest = max(self._latest, last)
        oldest = (self._latest // SECOND - 1) * SECOND
        while self._blocks and self._blocks[0][0] < oldest:
            self._held -= _weight(self._blocks.popleft()[1])
        self._blocks.append((last, block))
        self._held += len(block)
        if self._held > HELD:
            self._shrink()

    def _shrink(self) -> None:
        """Two seconds of a very fast log: eight bytes a line are enough to know it again."""
        self._blocks = deque(
            (last, array("q", _hashes(block)) if isinstance(block, bytes) else block)
            for last, block in self._blocks
        )
        self._held = sum(_weight(block) for _, block in self._blocks)


def _weight(block: bytes | array[int]) -> int:
    return len(block) if isinstance(block, bytes) else 0


def _hashes(block: bytes | array[int]) -> Iterable[int]:
    return map(hash, block.split(b"\n")[:-1]) if isinstance(block, bytes) else block


class WholeLines:
    """Cuts a log's chunks into blocks of whole lines; a line without end is broken, never swallowed."""

    def __init__(self, *, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> bytes:
        """The whole lines that this chunk completes; empty: none."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._parts.append(chunk)
            self._size += len(chunk)
            return self._broken() if self._size > self._longest else b""
        block = b"".join((*self._parts, chunk[:end])) if self._parts else chunk[:end]
        self._parts = [chunk[end:]] if end < len(chunk) else []
        self._size = len(chunk) - end
        if len(block) > self._longest:
            block = b"\n".join(self._pieces(line) for line in block.split(b"\n"))
        return block

    def end(self) -> bytes:
        """What is left when the log has ended: its last line may lack the line feed."""
        rest = b"".join(self._parts)
        self._parts, self._size = [], 0
        return self._pieces(rest) + b"\n" if rest else b""

    def drop(self) -> None:
        """The stream was cut: the half line will be told again, whole."""
        self._parts, self._size = [], 0

    def _broken(self) -> bytes:
        """The full parts of an endless line, as lines; what is left goes on with the same time."""
        parts = self._pieces(b"".join(self._parts))
        end = parts.rfind(b"\n") + 1
        self._parts = [parts[end:]]
        self._size = len(parts) - end
        return parts[:end]

    def _pieces(self, line: bytes) -> bytes:
        if len(line) <= self._longest:
            return line
        time = time_of(line)
        start = len(time) + 1 if time else 0
        step = self._longest - start
        head = line[:start]
        return b"\n".join(head + line[at : at + step] for at in range(start, len(line), step))


_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?\d*(Z|[+-]\d\d:\d\d)(?= |$|\n)")


def time_of(line: bytes) -> bytes:
    """The time that a line begins with, as it is written; empty: none."""
    found = _TIME.match(line)
    return found[0] if found else b""


def nanoseconds_of(line: bytes) -> int | None:
    """The time that a line begins with; a node may write its own zone. None: it has none."""
    found = _TIME.match(line)
    if found is None:
        return None
    seconds = _seconds(found[1], found[3])
    return None if seconds is None else seconds * SECOND + int((found[2] or b"0").ljust(9, b"0"))


@lru_cache(maxsize=4096)
def _seconds(text: bytes, zone: bytes) -> int | None:
    try:
        moment = datetime.fromisoformat(text.decode() + zone.decode().replace("Z", "+00:00"))
    except ValueError:
        return None
    return int(moment.timestamp())


def timed(block: bytes, *, before: int) -> list[tuple[int, bytes]]:
    """(time, text) of each line of a block of whole lines; one without a time gets that of its predecessor.

    ``before``: the time for a first line that has none.
    """
    found: list[tuple[int, bytes]] = []
    add = found.append
    head, base = b"", 0
    for line in block.split(b"\n")[:-1]:
        # What kubelets write: nine digits and Z. Anything else takes the slow way.
        if line[29:31] == b"Z " and line[19:20] == b".":
            if line[:19] != head:
                seconds = _seconds(line[:19], b"Z") if _TIME.match(line) else None
                if seconds is None:
                    add((before, line))
                    continue
                head, base = line[:19], seconds * SECOND
            digits = line[20:29]
            if digits.isdigit():
                before = base + int(digits)
                add((before, line[31:]))
                continue
        at = nanoseconds_of(line)
        if at is None:
            add((before, line))
        else:
            before = at
            add((at, line[len(time_of(line)) + 1 :]))
    return found


_KUBELETS = re.compile(rb"\n[0-9T:.-]{29}Z ")
"""Coarse, because it is a third quicker: nothing else begins like that where times were asked for."""


def without_times(block: bytes) -> tuple[bytes, int]:
    """A block of whole lines, each without its time, and how many they are.

    What kubelets write (nine digits and Z) goes in one pass over the block, others line by line.
    """
    count = block.count(b"\n")
    text, found = _KUBELETS.subn(b"\n", b"\n" + block)
    if found == count:
        return text[1:], count
    return b"\n".join([_without_time(line) for line in block.split(b"\n")]), count


def _without_time(line: bytes) -> bytes:
    found = _TIME.match(line)
    return line[found.end() + 1 :] if found else line


def rfc3339(seconds: int) -> str:
    """A moment as ``sinceTime`` takes it."""
    return datetime.fromtimestamp(max(0, seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
