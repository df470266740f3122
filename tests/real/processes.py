"""Server processes that never outlive the run that started them, however that run ends.

Three nets, each for what the one before misses: the owner ends them by pid; the kernel kills them when the
owner dies (``PR_SET_PDEATHSIG``, Linux); a later run finds the folder of a dead owner and kills what is
recorded there. A pid alone is never believed: it is compared with the process' start time, so that no
stranger who got the number is hit.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

PREFIX = "navarch-real-"
"""What the name of every run's folder begins with."""
_OWNER = "owner.json"
_PR_SET_PDEATHSIG = 1
_NURSERY_SECONDS = 600.0  # a folder this young without an owner record is still being set up
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Died(RuntimeError):
    """A server process ended or did not come up; the message has the end of its log."""


class Process:
    """One server process, its log and its pid record under `folder`."""

    def __init__(self, name: str, command: Sequence[str], folder: Path) -> None:
        self.name = name
        self.command = list(command)
        self.log = folder / f"{name}.log"
        self._record = folder / f"{name}.pid.json"
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The running process' id."""
        if self._popen is None:
            raise Died(f"{self.name} was not started")
        return self._popen.pid

    @property
    def running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def start(self) -> None:
        """Start it, tied to this process' life; main thread only, as the kernel watches the *thread*."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError(
                "start server processes from the main thread: they die with the thread that forked them"
            )
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_owner,  # noqa: PLW1509 (one system call, and libc is loaded)
                env={"PATH": os.defpath, "HOME": str(self.log.parent)},
                cwd=self.log.parent,
            )
        _write_record(self._record, self._popen.pid)

    def check(self) -> None:
        """:raises Died: with the end of its log, when it has ended."""
        if not self.running:
            code = None if self._popen is None else self._popen.returncode
            raise Died(f"{self.name} ended with {code}:\n{self.tail()}")

    def tail(self, lines: int = 20) -> str:
        """The end of its log."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(line[:400] for line in self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self, *, grace: float = 3.0) -> None:
        """End it: SIGTERM, after `grace` seconds SIGKILL; 0 kills at once."""
        if self._popen is None:
            return
        if self._popen.poll() is None:
            # Its group: a program that entered a sandbox is the child of the one that took it there.
            os.killpg(self._popen.pid, signal.SIGTERM if grace else signal.SIGKILL)
            if not _group_ended(self._popen, grace or 10.0):
                os.killpg(self._popen.pid, signal.SIGKILL)
                _group_ended(self._popen, 10.0)
        self._popen = None
        self._record.unlink(missing_ok=True)


def _group_ended(leader: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait until none of the group is left: what entered a sandbox outlives who took it there."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        leader.poll()  # reaps it: a zombie would keep the group alive
        try:
            os.killpg(leader.pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


def make_folder() -> Path:
    """A private folder for one run, recorded as ours; those of dead owners are cleaned away first."""
    clean_up_after_the_dead()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    _write_record(folder / _OWNER, os.getpid())
    return folder


def clean_up_after_the_dead(root: Path | None = None) -> list[Path]:
    """Kill recorded processes of runs whose owner is gone and remove their folders, which are returned.

    `root` is where runs' folders are made: the system's temporary folder.
    """
    cleaned = []
    for folder in (root or Path(tempfile.gettempdir())).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if folder.is_symlink() or folder.stat().st_uid != os.getuid() or _owner_lives(folder):
                continue
            for record in folder.rglob("*.pid.json"):
                _kill_recorded(record)
            shutil.rmtree(folder, ignore_errors=True)
            cleaned.append(folder)
    return cleaned


def start_time(pid: int) -> str | None:
    """What tells a process from a later one of its number (``/proc/PID/stat`` 22, or ps); `None`: gone.

    A zombie counts as gone: it runs nothing and holds nothing.
    """
    if sys.platform != "linux":
        done = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return done.stdout.strip() or None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return None
    return None if fields[0] in ("Z", "X") else fields[19]


def _owner_lives(folder: Path) -> bool:
    record = folder / _OWNER
    if not record.exists():
        return time.time() - folder.stat().st_mtime < _NURSERY_SECONDS
    return _recorded_pid(record) is not None


def _recorded_pid(record: Path) -> int | None:
    """The pid in a record, if that very process still runs."""
    try:
        data = json.loads(record.read_text())
        pid, started = int(data["pid"]), str(data["started"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return pid if start_time(pid) == started else None


def _kill_recorded(record: Path) -> None:
    pid = _recorded_pid(record)
    if pid is not None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _write_record(path: Path, pid: int) -> None:
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"pid": pid, "started": start_time(pid)}))
    temporary.replace(path)


def _die_with_owner() -> None:
    # Runs in the child between fork and exec: no allocation beyond this, libc is loaded already.
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
