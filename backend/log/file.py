"""The log's file: lines of JSON, appended by every process of the user, turned over before it grows large."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from backend import places
from backend.log.redaction import Redactor, redacted
from backend.text import safe_text

LARGEST = 256 * 1024
"""Bytes of one file; three are kept."""
KEPT = 3
NAME = "navarch.log"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. ``when``: seconds since 1970. All text is redacted."""

    when: float
    pid: int
    what: str
    """A word: ``start``, ``cluster``, ``vault``, ``error``, ``crash``, ``command``, ``end``."""
    cluster: str = ""
    """A pseudonym."""
    state: str = ""
    text: str = ""
    places: tuple[str, ...] = ()
    """Of a mistake in Navarch: its kind, and where in the program it happened."""


class LogFile:
    """Writing never raises and never waits: a log that can't be written is no reason to stop."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self.redactor = Redactor(_salt(folder))

    def note(
        self, what: str, *, cluster: str = "", state: str = "", text: object = "", places: Iterable[str] = ()
    ) -> None:
        """``cluster``: its id in the fleet; ``text``: a sentence that is safe to show; ``places``: lines of a
        crash report."""
        entry = Entry(
            when=round(time.time(), 3),
            pid=os.getpid(),
            what=what,
            cluster=str(self.redactor.pseudonym("cluster", cluster)),
            state=str(safe_text(state, limit=40)),
            text=str(self.redactor.text(text)),
            places=tuple(redacted(safe_text(place, limit=160)) for place in places)[:40],
        )
        with suppress(OSError):
            self._append(msgspec.json.encode(entry) + b"\n")

    def _append(self, line: bytes) -> None:
        fd = os.open(self.path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, line)  # one write: lines of several processes don't mix
            full = os.fstat(fd).st_size > LARGEST
        finally:
            os.close(fd)
        if full:
            self._turn_over()

    def _turn_over(self) -> None:
        with _alone(self.folder) as alone:
            if not alone or self.path.stat().st_size <= LARGEST:
                return  # another process does it, or has done it
            for number in range(KEPT - 1, 0, -1):
                older = self._numbered(number - 1)
                if older.exists():
                    older.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{NAME}.{number}") if number else self.path

    def entries(self) -> list[Entry]:
        """All lines, oldest first; what can't be read is left out."""
        found = []
        for number in range(KEPT - 1, -1, -1):
            with suppress(OSError):
                for line in _bounded(self._numbered(number)).splitlines():
                    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                        found.append(msgspec.json.decode(line, type=Entry))
        return found


_log: LogFile | None = None


def start(folder: Path | None = None) -> None:
    """From now on this process keeps a log, in the state folder unless told otherwise."""
    global _log  # noqa: PLW0603 - one log a process, as the standard library's
    with suppress(OSError):
        _log = LogFile(folder or _folder())


def stop() -> None:
    """Keep no log any more."""
    global _log  # noqa: PLW0603
    _log = None


def note(
    what: str, *, cluster: str = "", state: str = "", text: object = "", places: Iterable[str] = ()
) -> None:
    """See ``LogFile.note``; nothing happens in a process that keeps no log."""
    if _log is not None:
        _log.note(what, cluster=cluster, state=state, text=text, places=places)


def conceal(names: Mapping[str, str]) -> None:
    """These clusters' names (name: id) never stand in the log."""
    if _log is not None:
        _log.redactor.conceal(names)


def entries() -> list[Entry]:
    """All lines of the user's log, oldest first."""
    return LogFile(_folder()).entries()


def user_redactor() -> Redactor:
    """The one whose pseudonyms stand in the user's log."""
    return LogFile(_folder()).redactor


def _folder() -> Path:
    folder = places.state_dir() / "log"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _bounded(path: Path) -> bytes:
    """Never through a link, and not more than a log can hold."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        return file.read(2 * LARGEST)


def _salt(folder: Path) -> bytes:
    """Random, made once; it stays on this machine."""
    path = folder / "salt"
    with suppress(FileExistsError):
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(os.urandom(16))
    return path.read_bytes()[:64] or b"navarch"


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Whether this process is the one that may turn the file over now."""
    fd = os.open(folder / "lock", os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)
