"""Processes that outlive the supervisor that started them: found again, watched, ended by the next one.

A process is never taken for ours by its number alone: it must listen at our socket, or hold our
directory's lock, and its command line must be the one we would start.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

_POLL = 0.2
_CREDENTIALS = struct.Struct("3i")


class Process:
    """A process by number; with a descriptor of it (Linux), the number can't come to mean another one."""

    def __init__(self, pid: int, *, child: subprocess.Popen[bytes] | None = None) -> None:
        """Raises: ProcessLookupError if there is none of this number."""
        self.pid, self._child = pid, child
        self._descriptor = -1
        self._gone: asyncio.Event | None = None
        if hasattr(os, "pidfd_open"):
            with contextlib.suppress(PermissionError):
                self._descriptor = os.pidfd_open(pid)
        else:
            os.kill(pid, 0)

    def send(self, number: int) -> None:
        """Send a signal, if it still runs."""
        with contextlib.suppress(ProcessLookupError):
            if self._descriptor >= 0:
                signal.pidfd_send_signal(self._descriptor, number)
            else:
                os.kill(self.pid, number)

    async def ended(self) -> int | None:
        """Wait for its end; the exit status (negative: the signal), None if it was another one's child."""
        if self._descriptor >= 0:
            if self._gone is None:
                self._gone = asyncio.Event()
                asyncio.get_running_loop().add_reader(self._descriptor, self._note_end)
            await self._gone.wait()
        else:
            while self._runs():  # noqa: ASYNC110  nobody tells where there are no descriptors of processes
                await asyncio.sleep(_POLL)
        return self._child.wait() if self._child is not None else None

    def _note_end(self) -> None:
        assert self._gone is not None
        asyncio.get_running_loop().remove_reader(self._descriptor)
        self._gone.set()

    def _runs(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        if self._descriptor < 0:
            return self._runs()
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        return not poll.poll(0)

    async def end(self, *, patience: float) -> None:
        """Tell it to end, and kill it after `patience` seconds.

        One that was stopped (SIGSTOP) is let go on, to hear it.
        """
        self.send(signal.SIGTERM)
        self.send(signal.SIGCONT)
        try:
            await asyncio.wait_for(self.ended(), patience)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self.ended()

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor >= 0:
            if self._gone is not None and not self._gone.is_set():
                asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def spawn(words: Sequence[str], *, folder: Path, log: Path) -> Process:
    """Start a program that lives on when we die: in a session of its own, its words in a file.

    Raises: OSError.
    """
    with log.open("ab") as out:
        child = subprocess.Popen(
            list(words),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": _import_path()},
        )
    return Process(child.pid, child=child)


def _import_path() -> str:
    """Where this package is importable from: what we start may run in any folder."""
    root = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    return known if root in known.split(os.pathsep) else f"{root}{os.pathsep}{known}".rstrip(os.pathsep)


def command_line(pid: int) -> list[str]:
    """What a process was started with; empty if that can't be known (it is gone, or this is no Linux)."""
    try:
        raw = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(word) for word in raw.split(b"\0")[:-1]]


def listener(path: Path) -> int | None:
    """The number of the process that listens on a UNIX socket; None if nobody does, or it can't be known."""
    credentials = getattr(socket, "SO_PEERCRED", None)
    if credentials is None:
        return None
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(path))
            raw = connection.getsockopt(socket.SOL_SOCKET, credentials, _CREDENTIALS.size)
        except OSError:
            return None
    pid: int = _CREDENTIALS.unpack(raw)[0]
    return pid or None


def lock_holder(directory: Path) -> int | None:
    """The number of the process that holds a directory's lock, from /proc/locks (Linux)."""
    try:
        status = directory.stat()
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in lines:
        words = line.split()
        if len(words) > 5 and words[1] == "FLOCK" and words[5] == place and words[4].isdigit():
            return int(words[4])
    return None


def same_program(pid: int, words: Sequence[str]) -> bool:
    """Whether a process was started with all these words, in this order, perhaps with more between."""
    said = iter(command_line(pid))
    return all(word in said for word in words)


def running(words: Sequence[str]) -> list[Process]:
    """Every process of this user that was started with these words (Linux)."""
    found = []
    with contextlib.suppress(OSError):
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit() or not same_program(int(entry.name), words):
                continue
            with contextlib.suppress(OSError):
                if entry.stat().st_uid == os.geteuid():
                    found.append(Process(int(entry.name)))
    return found
