"""The container runtime of a node: Debian's containerd with runc and the bridge plugin of CNI."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests.real.control_plane import wait_for
from tests.real.node import images
from tests.real.node.sandbox import Sandbox
from tests.real.processes import Died, Process
from tests.real.toolchain import Unavailable

_PROGRAMS = ("containerd", "ctr", "runc")
_PLUGINS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
_PODS = "10.88.0.0/24"
_READY_SECONDS = 60.0
# In the sandbox' own /run: paths of sockets must be short, and those of temporary folders are not.
SOCKET = "/run/containerd.sock"


class Containerd:
    """One containerd in a sandbox; all of its files are under `folder`."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        missing = [name for name in _PROGRAMS if shutil.which(name) is None]
        if missing:
            raise Unavailable(f"a node needs {', '.join(missing)} (Debian: containerd, runc)")
        plugins = next((path for path in _PLUGINS if (path / "bridge").exists()), None)
        if plugins is None:
            raise Unavailable("a node needs CNI plugins (Debian: containernetworking-plugins)")
        self._folder, self._plugins, self._sandbox = folder, plugins, sandbox
        self._process: Process | None = None

    def start(self) -> None:
        """Start it and import the images. Raises Died with the log's end."""
        config = self._folder / "containerd.toml"
        config.write_text(_config(self._folder, self._plugins))
        networks = self._folder / "cni"
        networks.mkdir(exist_ok=True)
        (networks / "10-bridge.conflist").write_text(json.dumps(_network(self._folder)))
        process = Process(
            "containerd", self._sandbox.enter(["containerd", "--config", str(config)]), self._folder
        )
        process.start()
        self._process = process

        def ready() -> bool:
            process.check()
            return self._ctr("version").returncode == 0

        if not wait_for(ready, _READY_SECONDS):
            raise Died(f"containerd was not ready:\n{process.tail()}")
        archive = self._folder / "images.tar"
        images.write_archive(archive)
        done = self._ctr("images", "import", str(archive))
        if done.returncode:
            raise Died(f"images were not imported: {done.stderr}")

    def check(self) -> None:
        """Raises Died when it has ended."""
        if self._process is not None:
            self._process.check()

    def stop(self, *, grace: float = 3.0) -> None:
        if self._process is not None:
            self._process.stop(grace=grace)

    def _ctr(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["ctr", f"--address={SOCKET}", "--namespace=k8s.io", *arguments]
        return subprocess.run(
            self._sandbox.enter(command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


def _config(folder: Path, plugins: Path) -> str:
    # restrict_oom_score_adj: root without CAP_SYS_RESOURCE (a confined machine) may not make it negative.
    cri = 'plugins."io.containerd.grpc.v1.cri"'
    unwanted = [f"io.containerd.snapshotter.v1.{name}" for name in ("aufs", "btrfs", "devmapper", "zfs")]
    return f"""version = 2
root = "{folder}/containerd/root"
state = "/run/containerd"
disabled_plugins = {json.dumps([*unwanted, "io.containerd.internal.v1.opt", "io.containerd.nri.v1.nri"])}
[grpc]
address = "{SOCKET}"
[{cri}]
sandbox_image = "{images.PAUSE}"
disable_apparmor = true
restrict_oom_score_adj = true
[{cri}.cni]
bin_dir = "{plugins}"
conf_dir = "{folder}/cni"
[{cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def _network(folder: Path) -> dict[str, object]:
    address_management = {
        "type": "host-local",
        "ranges": [[{"subnet": _PODS}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": f"{folder}/addresses",
    }
    bridge = {"type": "bridge", "bridge": "pods0", "isGateway": True, "ipam": address_management}
    return {"cniVersion": "0.4.0", "name": "pods", "plugins": [bridge]}
