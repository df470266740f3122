"""How log lines are written to stdout: text that is safe on a terminal, JSON, or the very bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from backend.kube.logs import LONGEST_LINE
from backend.observe.logs.block import Level
from backend.observe.logs.merge import OwnLine
from backend.observe.logs.sources import Source
from backend.text import safe_text
from console.cli.log_choices import Times

_PRINTABLE = bytes([9, 10, *range(0x20, 0x7F)])
"""What needs no look: ASCII that a terminal only prints."""
_COLOURS = (36, 32, 35, 34, 33, 96, 92, 95, 94, 93)
"""Of sources, in turn; red is for errors."""
_LEVELS = {Level.FATAL: b"\x1b[1;31m", Level.ERROR: b"\x1b[31m", Level.WARN: b"\x1b[33m"}
_OWN = b"\x1b[2m"
_PLAIN = b"\x1b[0m"


Write = Callable[[Source, int, int, bytes], bytes]
"""(source, time, level, text) as the bytes of one line, its line feed included."""


def printable(text: bytes) -> bytes:
    """Foreign text as a terminal may have it; clean ASCII passes as it is."""
    if text.translate(None, _PRINTABLE):
        text = safe_text(text, limit=4 * LONGEST_LINE, multiline=True).encode()
    return text.expandtabs() if b"\t" in text else text


def printable_lines(block: bytes) -> bytes:
    """Many lines of foreign text at once: those that are clean ASCII are not even looked at one by one."""
    if block.translate(None, _PRINTABLE):
        return b"\n".join(map(printable, block.split(b"\n")))
    return block.expandtabs() if b"\t" in block else block


class TextLines:
    """Lines for people; the same bytes whether they go to a terminal or to a file, but for colours."""

    def __init__(self, *, times: Times, prefix: bool, parts: Sequence[str], colour: bool) -> None:
        """``parts``: which names of a source tell it from others: cluster, namespace, pod, name."""
        self._times = times
        self._prefix = prefix
        self._parts = parts
        self._colour = colour
        self._heads: dict[int, bytes] = {}

    def __call__(self, source: Source, moment: int, level: int, text: bytes) -> bytes:
        body = printable(text)
        if type(text) is OwnLine:
            body = b"--- " + body + b" ---"
        if self._colour:
            tone = _OWN if type(text) is OwnLine else _LEVELS.get(Level(level), b"")
            body = tone + body + _PLAIN if tone else body
        stamp = time_text(moment, self._times).encode() + b" " if self._times is not Times.NONE else b""
        return (self._head(source) if self._prefix else b"") + stamp + body + b"\n"

    def _head(self, source: Source) -> bytes:
        head = self._heads.get(source.number)
        if head is None:
            label = source_label(source, self._parts).encode()
            if self._colour:
                label = b"\x1b[%dm" % _COLOURS[source.number % len(_COLOURS)] + label + _PLAIN
            head = self._heads[source.number] = label + b"  "
        return head


def source_label(source: Source, parts: Sequence[str]) -> str:
    """``prod-eu pay api-1/app``, of these parts."""
    where = [getattr(source, part) for part in ("cluster", "namespace") if part in parts]
    names = [getattr(source, part) for part in ("pod", "name") if part in parts]
    return safe_text(" ".join([*where, "/".join(names)] if names else where))


def json_line(source: Source, moment: int, level: int, text: bytes) -> bytes:
    """One object a line; ASCII only, so that a terminal may have it."""
    own = type(text) is OwnLine
    found = {
        "cluster": str(source.cluster),
        "namespace": source.namespace,
        "pod": source.pod,
        "container": source.name,
        "node": source.node,
        "time": time_text(moment, Times.UTC),
        "level": Level(level).name.lower() if Level.NONE < level <= Level.FATAL else "",
        "note" if own else "text": text.decode("utf-8", "replace"),
    }
    return json.dumps(found).encode() + b"\n"


def raw_line(source: Source, moment: int, level: int, text: bytes) -> bytes:
    """What the container wrote; lines of our own are no part of that."""
    return b"" if type(text) is OwnLine else text + b"\n"


def time_text(moment: int, times: Times) -> str:
    """A moment (nanoseconds) as it is shown."""
    seconds, rest = divmod(moment, 10**9)
    if times is Times.RELATIVE:
        from backend.resources.duration import human_duration

        return f"{human_duration(max(0.0, time.time() - seconds))} ago".rjust(10)
    stamp = datetime.fromtimestamp(seconds, UTC)
    if times is Times.UTC:
        return f"{stamp:%Y-%m-%dT%H:%M:%S}.{rest // 1000:06}Z"
    local = stamp.astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S}.{rest // 1_000_000:03}"
