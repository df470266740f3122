"""Starts the real ``navarch`` as a shell would, with a home of its own and nothing of this process."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from tests.real.control_plane import wait_for

TREE = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "console")


class Navarch:
    """The command line of one imaginary person: state under `home`, `extra` added to the environment."""

    def __init__(self, home: Path, extra: Mapping[str, str] | None = None) -> None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(TREE),
            "HOME": str(home),
            "NAVARCH_HOME": str(home / "navarch"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **(extra or {}),
        }

    def run(
        self, *arguments: str, given: str = "", deadline: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run to the end. `given` is its standard input."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )

    def follow(self, *arguments: str) -> Follower:
        """Start and leave running; use as a context manager."""
        return Follower([*COMMAND, *arguments], self.environment)


class Follower:
    """A running command and what it has printed up to now."""

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._said: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._heard: dict[str, list[str]] = {"out": [], "err": []}
        for name, stream in (("out", self._process.stdout), ("err", self._process.stderr)):
            threading.Thread(target=self._read, args=(name, stream), daemon=True).start()

    def __enter__(self) -> Follower:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def out(self) -> list[str]:
        """Lines of standard output."""
        return self._drain("out")

    @property
    def err(self) -> list[str]:
        return self._drain("err")

    def wait_for_line(self, *words: str, stream: str = "out", after: int = 0, deadline: float = 30.0) -> None:
        """Wait for a line that holds all `words`, beyond the first `after` lines.

        :raises AssertionError: with everything that was said instead.
        """
        found = wait_for(
            lambda: any(all(word in line for word in words) for line in self._drain(stream)[after:]), deadline
        )
        assert found, (
            f"no line with {words} on std{stream} in {deadline:.0f} s; out: {self.out}, err: {self.err}"
        )

    def interrupt(self, deadline: float = 10.0) -> int:
        """Press Ctrl-C; the exit code."""
        self._process.send_signal(2)
        return self._process.wait(deadline)

    def _read(self, name: str, stream: object) -> None:
        for line in stream:  # type: ignore[attr-defined]
            self._said.put((name, line.rstrip("\n")))

    def _drain(self, name: str) -> list[str]:
        while not self._said.empty():
            source, line = self._said.get()
            self._heard[source].append(line)
        return self._heard[name]
