"""Runs one program beside the console: no terminal, no vault's password, bounded output, always ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path

from backend.text import SafeStr, safe_text

KEPT = 1 << 20
"""Bytes of output that are kept: the last ones."""
_READ = 1 << 16
_LINE = 4096
_PATIENCE = 3.0
"""Seconds between asking a program to end and ending it."""
_LEFT_OVER = 0.5
"""Seconds for what a program's children write after it has ended."""
_WITHHELD = ("NAVARCH_PASSWORD", "_NAVARCH_", "TEXTUAL")


def environment(
    kubeconfig: Path | None, *, colour: bool, inherited: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What the program may know: everything but what could unlock the vault, and our own switches."""
    source = os.environ if inherited is None else inherited
    passed = {name: value for name, value in source.items() if not name.startswith(_WITHHELD)}
    if kubeconfig is not None:
        passed["KUBECONFIG"] = str(kubeconfig)  # it must not act on some other cluster by default
    if not colour:
        passed["NO_COLOR"] = "1"
    return passed


class Output:
    """The end of what programs wrote, as safe lines."""

    def __init__(self, *, kept: int = KEPT) -> None:
        self._kept = kept
        self._lines: deque[SafeStr] = deque()
        self._size = 0
        self._rest = b""
        self.dropped = 0
        """Lines at the beginning that are not kept."""

    def take(self, data: bytes) -> None:
        """More of it; colours and other sequences are left out, what is not UTF-8 is shown as such."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LINE:
            lines, self._rest = [*lines, self._rest], b""
        for line in lines:
            self.say(_without_colours(line.rstrip(b"\r").decode("utf-8", "replace")))

    def say(self, line: str) -> None:
        """A line of our own, or one of the program's."""
        safe = safe_text(line.expandtabs(8), limit=_LINE)
        self._lines.append(safe)
        self._size += len(safe) + 1
        while self._size > self._kept and len(self._lines) > 1:
            self._size -= len(self._lines.popleft()) + 1
            self.dropped += 1

    def end(self) -> None:
        """A last line without an end is one too."""
        if self._rest:
            self.take(b"\n")

    @property
    def text(self) -> SafeStr:
        lines = list(self._lines)
        if self.dropped:
            lines.insert(0, safe_text(f"… {self.dropped:,} earlier lines are not kept"))
        return SafeStr("\n".join(lines))


def _without_colours(text: str) -> str:
    import re

    return re.sub(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\\\)?)", "", text)


@contextlib.contextmanager
def kubeconfig_file(content: bytes | None) -> Iterator[Path | None]:
    """A file for as long as the program runs, readable to its owner alone; None for None."""
    if content is None:
        yield None
        return
    from backend.places import runtime_dir

    path = runtime_dir() / f"kubeconfig-{os.getpid()}-{os.urandom(6).hex()}"
    try:
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
        yield path
    finally:
        path.unlink(missing_ok=True)


@contextlib.asynccontextmanager
async def _running(
    program: Path, argv: Sequence[str], env: Mapping[str, str]
) -> AsyncIterator[tuple[asyncio.subprocess.Process, asyncio.StreamReader]]:
    """The program in a group of its own; whatever happens, the group is asked to end and then ended.

    The pipe is ours, not asyncio's: with one of its own, asyncio takes a program for running as long as any
    child of it holds the pipe.
    """
    reading, writing = os.pipe()
    try:
        child = await asyncio.create_subprocess_exec(
            argv[0],
            *argv[1:],
            executable=str(program),
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=writing,
            stderr=writing,
            start_new_session=True,
        )
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    stream = asyncio.StreamReader(limit=_READ)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(reading, "rb", 0)
    )
    try:
        yield child, stream
    finally:
        transport.close()
        if child.returncode is None:
            _signal(child, signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), _PATIENCE)
        if child.returncode is None:
            _signal(child, signal.SIGKILL)
            await child.wait()


def _signal(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


async def capture(
    program: Path, argv: Sequence[str], *, env: Mapping[str, str], take: Callable[[bytes], None]
) -> int:
    """Run it to its end; its exit code, or minus the signal that ended it. Cancelling ends the program.

    Raises OSError when it can't be started.
    """
    async with _running(program, argv, env) as (child, stream):
        ended = asyncio.create_task(child.wait())
        until = 0.0
        """Monotonic time after which nothing is waited for; 0: it runs."""
        try:
            while True:
                reading = asyncio.create_task(stream.read(_READ))
                await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done() and not until:
                    until = time.monotonic() + _LEFT_OVER
                if not reading.done():
                    await asyncio.wait({reading}, timeout=_LEFT_OVER)
                if not reading.done() or (until and time.monotonic() > until):
                    reading.cancel()
                    break
                if not (data := reading.result()):
                    break
                take(data)
            return await ended
        finally:
            ended.cancel()
