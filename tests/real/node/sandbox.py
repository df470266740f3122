"""A machine within this machine: own network, processes, mounts and cgroups, gone with its first process.

What a node leaves behind (shims, overlay mounts, links, cgroups of containers) would have to be hunted down
one by one after a crash. Here the kernel does it: when the sandbox' first process dies (with its owner, by
``PR_SET_PDEATHSIG``), so does everything inside; only empty cgroups are left, named after the run's folder.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.real.control_plane import wait_for
from tests.real.processes import PREFIX, Died, Process
from tests.real.toolchain import Unavailable

_SCRIPT = Path(__file__).with_name("sandbox.sh")
_CGROUPS = Path("/sys/fs/cgroup")
_TOOLS = ("ip", "unshare", "nsenter", "mount")
_READY_SECONDS = 30.0
# RFC 2544 reserves 198.18.0.0/15 for test networks: no real host is hidden by a link to one of them.
_NETWORK = "198.18"


class Sandbox:
    """One machine. `address` is where its servers listen: the far end of a link from this one."""

    def __init__(self, folder: Path) -> None:
        why_not()
        self._name = folder.parent.name  # the run's own, by which a later one knows whose cgroups these are
        self._ready = folder / "sandbox.ready"
        (folder / "var-lib").mkdir()
        self._process = Process("sandbox", [str(_SCRIPT), self._name, str(folder)], folder)
        block = random.randrange(1, 2**14)
        third, fourth = divmod(block * 4, 256)
        self._near = f"{_NETWORK}.{third}.{fourth + 1}"
        self.address = f"{_NETWORK}.{third}.{fourth + 2}"
        self._first = 0

    def start(self) -> None:
        """Start it and link it. Main thread only. Raises Died with the log's end."""
        remove_cgroups_of_the_dead()
        self._ready.unlink(missing_ok=True)
        self._process.start()

        def ready() -> bool:
            self._process.check()
            return self._ready.exists()

        if not wait_for(ready, _READY_SECONDS):
            raise Died(f"the sandbox was not ready:\n{self._process.tail()}")
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        self._first = int(children[0])
        link = f"nvr{self._process.pid}"
        _run(["ip", "link", "add", link, "type", "veth", "peer", "name", "link0", "netns", str(self._first)])
        _run(["ip", "address", "add", f"{self._near}/30", "dev", link])
        _run(["ip", "link", "set", link, "up"])
        _run([*self._entered("--net"), "ip", "address", "add", f"{self.address}/30", "dev", "link0"])
        _run([*self._entered("--net"), "ip", "link", "set", "link0", "up"])

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside, in the sandbox' cgroups too."""
        join = 'for group in /sys/fs/cgroup/*/cgroup.procs; do echo 0 >"$group"; done; exec "$@"'
        return [*self._entered("--net", "--pid", "--mount", "--cgroup"), "sh", "-c", join, "sh", *command]

    def stop(self, *, grace: float = 0.0) -> None:
        """End everything inside and remove what remains of it."""
        self._process.stop(grace=grace)
        wait_for(lambda: _remove_cgroups(self._name), _READY_SECONDS)

    def _entered(self, *namespaces: str) -> list[str]:
        return ["nsenter", f"--target={self._first}", *namespaces, "--"]


def why_not() -> None:
    """Say why this machine can't have a sandbox.

    :raises Unavailable: the reason, in a sentence.
    """
    if sys.platform != "linux":
        raise Unavailable("a node needs Linux")
    if os.geteuid() != 0:
        raise Unavailable("a node needs root (network namespaces, mounts, cgroups)")
    missing = [tool for tool in _TOOLS if shutil.which(tool, path=_path()) is None]
    if missing:
        raise Unavailable(f"a node needs {', '.join(missing)} (Debian: iproute2, util-linux)")
    probe = subprocess.run(
        ["unshare", "--net", "--pid", "--mount", "--cgroup", "--fork", "mount", "--make-rprivate", "/"],
        capture_output=True,
        text=True,
        timeout=_READY_SECONDS,
        check=False,
    )
    if probe.returncode:
        raise Unavailable(f"this root may not make namespaces: {probe.stderr.strip()}")


def remove_cgroups_of_the_dead() -> None:
    """Remove what is left of sandboxes whose run's folder is gone."""
    for group in _named(f"{PREFIX}*"):
        if not Path(tempfile.gettempdir(), group.name).exists():
            _remove_cgroups(group.name)


def _remove_cgroups(name: str) -> bool:
    """Remove the cgroups of a sandbox; False while processes in them still end."""
    for top in _named(name):
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(folder)
    return not _named(name)


def _named(pattern: str) -> list[Path]:
    """The cgroups of this name in every hierarchy, below the one that this process is in."""
    found: list[Path] = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for hierarchy in (controllers.removeprefix("name="), "unified" if not controllers else ""):
            found += Path(_CGROUPS, hierarchy, path.strip("/")).glob(pattern)
    return [folder for folder in dict.fromkeys(found) if folder.is_dir()]


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(
        command,
        env={"PATH": _path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_READY_SECONDS,
        check=False,
    )
    if done.returncode:
        raise Died(f"{' '.join(command)}: {done.stderr.strip()}")
