"""A Go new enough to build Kubernetes: the installed one, or the one it can fetch as a module.

Kubernetes 1.35 needs Go 1.25. From Go 1.21 on, an older `go` fetches the newer toolchain itself (the module
``golang.org/toolchain``; https://go.dev/doc/toolchain). Debian 12's Go 1.19 does not know that trick, but can
download modules, so the same module is unpacked with it and started from the module cache.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

NEEDED = (1, 25)
FETCHED = "go1.25.8"
_SELF_UPDATING = (1, 21)
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_DOWNLOAD_DEADLINE = 600.0


class Unavailable(Exception):
    """Something that real tests need is not on this machine; the message is the reason shown with a skip."""


@dataclass(frozen=True, slots=True)
class Go:
    """A usable ``go`` command, the environment it wants and its version (``go1.25.8``)."""

    command: str
    version: str
    environment: dict[str, str] = field(default_factory=dict)

    def environ(self) -> dict[str, str]:
        """The environment to start it with."""
        return {**os.environ, **self.environment}


def find_go(scratch: Path) -> Go:
    """The installed Go, or a fetched newer one unpacked under `scratch` (kept there for the next time).

    :raises Unavailable: no Go at all, or it is too old and the newer one could not be fetched.
    """
    command = shutil.which("go")
    if command is None:
        raise Unavailable(
            "no Go: install golang (any version from 1.19), or point NAVARCH_KUBE_BIN at built programs"
        )
    installed = _numbers(_output(command, "env", "GOVERSION"))
    if installed >= NEEDED:
        return Go(command, _output(command, "env", "GOVERSION"))
    if installed >= _SELF_UPDATING:
        environment = {"GOTOOLCHAIN": FETCHED}
        return Go(command, _output(command, "env", "GOVERSION", environment=environment), environment)
    root = _fetch(command, scratch)
    environment = {"GOROOT": str(root), "GOTOOLCHAIN": "local"}
    newer = str(root / "bin" / "go")
    return Go(newer, _output(newer, "env", "GOVERSION", environment=environment), environment)


def _fetch(command: str, scratch: Path) -> Path:
    machine = _MACHINES.get(platform.machine().lower())
    system = platform.system().lower()
    if machine is None:
        raise Unavailable(f"no Go toolchain is published for this machine ({system}, {platform.machine()})")
    module = f"golang.org/toolchain@v0.0.1-{FETCHED}.{system}-{machine}"
    scratch.mkdir(parents=True, exist_ok=True)
    environment = {"GOPATH": str(scratch), "GOFLAGS": "-modcacherw", "GO111MODULE": "on"}
    answer = _output(command, "mod", "download", "-json", module, environment=environment, cwd=scratch)
    root = Path(json.loads(answer)["Dir"])
    for folder in (root / "bin", root / "pkg" / "tool"):  # module archives keep no execute bits
        for path in folder.rglob("*"):
            if path.is_file():
                path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return root


def _output(
    command: str, *arguments: str, environment: dict[str, str] | None = None, cwd: Path | None = None
) -> str:
    try:
        done = subprocess.run(
            [command, *arguments],
            env={**os.environ, **(environment or {})},
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_DOWNLOAD_DEADLINE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command} {' '.join(arguments)} did not work: {error}") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise Unavailable(f"{command} {' '.join(arguments)} failed: {said[-1]}")
    return done.stdout.strip()


def _numbers(version: str) -> tuple[int, int]:
    found = re.match(r"(?:go)?(\d+)\.(\d+)", version)
    return (int(found[1]), int(found[2])) if found else (0, 0)
