"""Runs what ``navarch logs`` was asked: read once or follow, filter, write; words about streams on stderr."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from backend.fleet.cluster import KindNotFound
from backend.fleet.fleet import Fleet
from backend.kube.logs import without_times
from backend.kube.status import State
from backend.observe.logs.block import Level
from backend.observe.logs.following import LogFollower
from backend.observe.logs.levels import LevelReader
from backend.observe.logs.line_filter import LineFilter, line_filter
from backend.observe.logs.merge import OwnLine, Told
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.sources import Source, SourceState
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.log_choices import LogFormat, Times
from console.cli.log_format import TextLines, Write, json_line, printable_lines, raw_line
from console.cli.output import coloured
from console.cli.session import open_fleet

_PIPE = 1024 * 1024
_LOOK = 0.5
"""Seconds between looks at how streams fare."""
_WORRYING = frozenset({SourceState.BROKEN, SourceState.FORBIDDEN, SourceState.FAILED, SourceState.WAITING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    selection: LogSelection
    follow: bool = False
    form: LogFormat = LogFormat.TEXT
    times: Times = Times.NONE
    prefix: bool | None = None
    level: int = 0
    limit: int | None = None
    kubeconfig: Path | None = None


class RawOnTerminal(Exception):
    """Raw bytes of containers could take over a terminal."""

    exit_code = Exit.REFUSED

    def __init__(self) -> None:
        self.sentence = "raw log lines could take over your terminal"
        self.advice = "Send them into a file or a pipe, or leave -o raw out."
        super().__init__(self.sentence)


async def print_logs(request: Request) -> int:
    """Print what was asked for; the exit code. Raises RawOnTerminal, PatternError."""
    if request.form is LogFormat.RAW and sys.stdout.isatty():
        raise RawOnTerminal
    async with open_fleet(request.kubeconfig) as fleet:
        _widen(sys.stdout.buffer)
        printer = _Printer(request, sys.stdout.buffer, parts=_parts(fleet, request.selection))
        follower = LogFollower(
            fleet,
            request.selection,
            take=printer.take,
            straight=printer.straight if printer.plain else None,
            follow=request.follow,
            keep_colours=request.form is LogFormat.RAW,
        )
        printer.sources = follower.sources
        watching = asyncio.create_task(_tell(follower))
        try:
            await follower.run()
        except _Enough:
            pass
        finally:
            watching.cancel()
        return _outcome(follower, said=watching)


def _parts(fleet: Fleet, selection: LogSelection) -> Sequence[str]:
    """What tells sources apart: the cluster where there are several, the namespace unless it is given."""
    clusters = {cluster.id for query in selection.queries for cluster in fleet.select(query.clusters)}
    one_namespace = len({query.namespaces for query in selection.queries}) == 1 and (
        len(selection.queries[0].namespaces) == 1
    )
    parts = ["cluster"] * (len(clusters) > 1) + ["namespace"] * (not one_namespace)
    return (*parts, "pod", "name")


def _widen(out: BinaryIO) -> None:
    """Let a pipe hold a megabyte, where it can: we read on while its reader is busy with what it has."""
    with contextlib.suppress(OSError, AttributeError):  # no pipe, or not on this system
        if stat.S_ISFIFO(os.fstat(out.fileno()).st_mode):
            fcntl.fcntl(out.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


class _Enough(Exception):
    """So many lines as were asked for are written."""


class _Printer:
    """Writes lines as they are due."""

    def __init__(self, request: Request, out: BinaryIO, *, parts: Sequence[str]) -> None:
        selection = request.selection
        self._request = request
        self._out = out
        self._filter: LineFilter = line_filter(match=selection.match, not_match=selection.not_match)
        self._levels: dict[int, LevelReader] = {}
        self._needs_level = bool(request.level) or request.form is LogFormat.JSON
        self._parts = parts
        self._write: Write | None = None
        self._left = request.limit
        self.sources: Sequence[Source] = ()

    @property
    def plain(self) -> bool:
        """Whether blocks of a single source may be written as they come."""
        request = self._request
        return (
            request.form is not LogFormat.JSON
            and request.times is Times.NONE
            and not request.prefix
            and request.selection.exact
            and self._filter.idle
            and not request.level
            and request.limit is None
            and not coloured(sys.stdout)
        )

    async def straight(self, block: bytes) -> int:
        block, count = without_times(block)
        self._out.write(printable_lines(block) if self._request.form is LogFormat.TEXT else block)
        self._out.flush()
        return count

    async def take(self, told: Sequence[Told]) -> None:
        write = self._write or self._writer()
        lines: list[bytes] = []
        for _, number, moment, text in told:
            level = self._level(number, text)
            if type(text) is not OwnLine and not self._wanted(text, level):
                continue
            lines.append(write(self.sources[number], moment, level, text))
            if self._left is not None and type(text) is not OwnLine:
                self._left -= 1
                if not self._left:
                    break
        self._out.write(b"".join(lines))
        self._out.flush()
        if self._left == 0:
            raise _Enough

    def _writer(self) -> Write:
        request = self._request
        if request.form is LogFormat.JSON:
            self._write = json_line
        elif request.form is LogFormat.RAW:
            self._write = raw_line
        else:
            several = not request.selection.exact or len(self.sources) > 1
            colour = coloured(sys.stdout)
            self._needs_level = self._needs_level or colour
            self._write = TextLines(
                times=request.times,
                prefix=several if request.prefix is None else request.prefix,
                parts=self._parts,
                colour=colour,
            )
        return self._write

    def _level(self, number: int, text: bytes) -> Level:
        if not self._needs_level or type(text) is OwnLine:
            return Level.NONE
        reader = self._levels.get(number)
        if reader is None:
            reader = self._levels[number] = LevelReader()
        return reader.level(text)

    def _wanted(self, text: bytes, level: int) -> bool:
        if self._request.level and level < self._request.level:
            return False
        return self._filter.idle or self._filter.passes(text, level=level, source=0)


async def _tell(follower: LogFollower) -> None:
    """Say on stderr what keeps lines from coming, each thing once."""
    teller = _Teller(follower)
    while True:
        await asyncio.sleep(_LOOK)
        teller.look()


class _Teller:
    """What was said so far."""

    def __init__(self, follower: LogFollower) -> None:
        self._follower = follower
        self._said: dict[object, str] = {}
        self._generation = -1

    def look(self) -> None:
        follower = self._follower
        if follower.generation == self._generation:
            return
        self._generation = follower.generation
        for source in follower.sources:
            if source.state in _WORRYING:
                why = f": {source.detail}" if source.detail else ""
                self._say(source.number, f"{source.label}: {source.state.value}{why}")
            elif source.state is SourceState.OPEN and self._said.get(source.number):
                self._say(source.number, "")
        for cluster_id, status in follower.statuses.items():
            if status.state not in (State.LIVE, State.SYNCING) or status.covers:
                self._say(cluster_id, f"{follower.cluster_name(cluster_id)}: {status.detail}")

    def _say(self, key: object, sentence: str) -> None:
        if self._said.get(key) == sentence:
            return
        self._said[key] = sentence
        if sentence:
            say(sentence)


def _outcome(follower: LogFollower, *, said: asyncio.Task[None]) -> int:
    """The exit code, and the failures in words."""
    failed = 0
    if follower.late:
        say(f"{follower.late:,} lines came late and stand below later ones; --timestamps shows which")
    for error in follower.problems:
        say(f"{error.cluster}: {error.sentence}", error.advice)
        failed += not (isinstance(error, KindNotFound) and follower.sources)  # others serve the kind
    for cluster_id, status in follower.statuses.items():
        if status.state is not State.LIVE or status.covers:
            say(f"{follower.cluster_name(cluster_id)}: {status.detail}", status.advice)
            failed += 1
    for source in follower.sources:
        if source.state in (SourceState.FAILED, SourceState.FORBIDDEN):
            say(f"{source.label}: {source.detail}")
            failed += 1
    if failed:
        return Exit.FAILED
    if not follower.sources:
        say("no container matched")
        return Exit.NOTHING
    return Exit.OK
