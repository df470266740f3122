"""Programs that speak NBD and have nothing to do with us, and our own process beside them."""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

DEADLINE = 60


def need(*programs: str) -> None:
    """Skip with the name of the program that is missing, and of its Debian package."""
    packages = {
        "nbdinfo": "libnbd-bin",
        "nbdcopy": "libnbd-bin",
        "nbdfuse": "nbdfuse",
        "fusermount3": "fuse3",
        "qemu-img": "qemu-utils",
        "fio": "fio",
        "nbdkit": "nbdkit",
        "mkfs.ext4": "e2fsprogs",
        "losetup": "mount",
    }
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    for program in programs:
        if shutil.which(program, path=path) is None:
            pytest.skip(f"{program} is not installed (Debian: {packages.get(program, program)})")


def run(*command: str | Path, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a peer with a deadline; its output is in the failure."""
    environment = os.environ | {"PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        env=environment,
        check=False,
    )
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


class Served:
    """`python -m blockengine nbd` as a process on a UNIX socket."""

    def __init__(self, folder: Path, *, size: str, block_size: int) -> None:
        self.block_size = block_size
        self.folder, self.socket = folder / "replica", folder / "nbd"
        run(*self._program("replica", "create"), self.folder, "--size", size, "--block-size", str(block_size))
        self.said = ""
        self.start()

    @staticmethod
    def _program(*words: str) -> list[str]:
        return [sys.executable, "-m", "blockengine", *words]

    @property
    def uri(self) -> str:
        return f"nbd+unix:///?socket={self.socket}"

    def start(self) -> None:
        """Start it and wait until it says that it serves."""
        command = [*self._program("nbd"), str(self.folder), "--socket", str(self.socket)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], DEADLINE)
        self.said = self.process.stdout.readline() if ready else ""
        assert self.said.startswith("serving nbd+unix"), self.said

    def stop(self, *, kill: bool = False) -> int:
        """End it, gently or not; its exit status."""
        self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        status = self.process.wait(DEADLINE)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return status

    def tell(self, action: str) -> subprocess.CompletedProcess[str]:
        """`replica show` or `replica scrub` while it is stopped."""
        return run(*self._program("replica", action), self.folder, check=False)


def wait_until(true: Callable[[], bool], otherwise: str) -> None:
    """Until something holds; `otherwise` says what it means if it never does."""
    deadline = time.monotonic() + DEADLINE
    while not true():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)
