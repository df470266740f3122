"""A real engine for tests: the supervisor as a process, asked over its socket with the standard library."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DEADLINE = 90.0
SIZE = 64 << 20


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("engine", timeout=DEADLINE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(DEADLINE)
        self.sock.connect(str(self._path))


class Engine:
    """One home. `close` ends everything that was ever started in it."""

    def __init__(self) -> None:
        # A socket's path has room for some 100 bytes, which pytest's own folders use up.
        self.folder = Path(tempfile.mkdtemp(prefix="nv-"))
        self.home = self.folder / "home"
        self.process: subprocess.Popen[bytes] | None = None

    # The supervisor.

    def start(self) -> None:
        """Start the supervisor, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "blockengine", "local", str(self.home)],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.until(self.answers, "the supervisor never answered")

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.said()
        try:
            return self.call("GET", "/v1/engine")[0] == 200
        except OSError:
            return False

    def said(self) -> str:
        """What the supervisor said."""
        return (self.folder / "log").read_text()

    def kill(self) -> None:
        """kill -9 of the supervisor alone."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(DEADLINE)

    def stop(self, *, force: bool = True) -> None:
        """Told to stop, it ends itself and all it runs."""
        assert self.process is not None
        assert self.call("POST", "/v1/engine/stop", {"force": force})[0] == 204
        assert self.process.wait(DEADLINE) == 0, self.said()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.kill()
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)
        for _ in range(3):
            shutil.rmtree(self.folder, ignore_errors=True)

    def processes(self, *words: str) -> list[int]:
        """Processes whose working folder is this engine's, and whose command line has these words."""
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if os.readlink(entry / "cwd").startswith(str(self.home)) and {
                    w.encode() for w in words
                } <= set(command):
                    found.append(int(entry.name))
            except OSError:
                continue
        return found

    # Asking.

    def call(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        connection = _Connection(self.home / "run" / "control.sock")
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            raw = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(raw) if raw else None

    def ok(self, method: str, path: str, body: object = None) -> Any:
        """The answer, which must be a good one."""
        status, answer = self.call(method, path, body)
        assert status < 300, answer
        return answer

    def no(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        """(status, words and advice) of an answer that must be a no."""
        status, answer = self.call(method, path, body)
        assert status >= 400, answer
        return status, f"{answer['error']} | {answer['next']}"

    def job(self, job: Any) -> Any:
        """A job once it ended."""
        while not job["ended"]:
            job = self.ok("GET", f"/v1/jobs/{job['id']}?wait=30")
        return job

    def until(self, condition: Callable[[], Any], words: str = "it never came to be") -> Any:
        return wait_for(condition, lambda: f"{words}\n{self.said()[-3000:]}")

    # What tests often want.

    def pools(self, *names: str) -> None:
        for name in names:
            self.ok("POST", "/v1/pools", {"name": name})

    def create(self, name: str, *, replicas: int = 3, size: int = SIZE, **more: object) -> Any:
        """A volume once it serves."""
        wanted = {"name": name, "size": size, "replicas": replicas, **more}
        job = self.job(self.ok("POST", "/v1/volumes", wanted))
        assert job["state"] == "done", job
        return self.volume(name)

    def volume(self, name: str) -> Any:
        return self.ok("GET", f"/v1/volumes/{name}")

    def until_healthy(self, name: str) -> Any:
        self.until(lambda: self.volume(name)["health"] == "healthy", f"{name} never was healthy again")
        return self.volume(name)

    def events(self, about: str = "") -> list[str]:
        return [event["text"] for event in self.ok("GET", f"/v1/events?about={about}")]

    def findings(self, name: str) -> str:
        """All findings of a volume as text."""
        found = self.ok("GET", f"/v1/volumes/{name}/explain")
        return "\n".join(" | ".join((each["what"], each["why"], each["next"])) for each in found)

    def nbd(self, name: str) -> Path:
        """The socket on which a volume is served."""
        return Path(self.volume(name)["address"].partition("socket=")[2])


def wait_for(condition: Callable[[], Any], words: Callable[[], str] = lambda: "it never came to be") -> Any:
    """What the condition gives, once it gives something."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, words()
        time.sleep(0.1)
    return found


def replica_of(volume: Any, pool: str) -> Any:
    return next(replica for replica in volume["replicas"] if replica["pool"] == pool)
