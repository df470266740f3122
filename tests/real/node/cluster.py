"""One cluster with one real node: pods run, log, fail and are killed as anywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType

import yaml

from tests.real.binaries import Binaries
from tests.real.control_plane import READY_SECONDS, ControlPlane, wait_for, write_private
from tests.real.node.containerd import Containerd
from tests.real.node.kubelet import Kubelet
from tests.real.node.sandbox import Sandbox
from tests.real.processes import Died, make_folder
from tests.real.toolchain import Unavailable

NODE = "node-1"


class NodeCluster:
    """A control plane, a container runtime and a kubelet in one sandbox. Main thread only."""

    def __init__(self, binaries: Binaries, *, name: str = "real-node") -> None:
        """:raises Unavailable: this machine can't run a node; the reason is a sentence."""
        if not binaries.has("kubelet") or not binaries.has_controllers:
            raise Unavailable(f"{binaries.source} has no kubelet or no controllers")
        self.root = make_folder()
        folder = self.root / name
        folder.mkdir(mode=0o700)
        try:
            self.sandbox = Sandbox(folder)
            self.runtime = Containerd(folder, self.sandbox)
            self.sandbox.start()
            self.plane = ControlPlane(
                name, folder, binaries, apiserver_flags=_flags(folder), machine=self.sandbox
            )
            self.kubelet = Kubelet(NODE, folder, plane=self.plane, sandbox=self.sandbox)
        except BaseException:
            self.close()
            raise
        client = self.plane.mint("kubelet-client", ["system:masters"])
        write_private(folder / "kubelet-client.crt", client.certificate)
        write_private(folder / "kubelet-client.key", client.key)
        self.kubeconfig = self.root / "kubeconfig"
        write_private(self.kubeconfig, yaml.safe_dump(self.plane.kubeconfig(), sort_keys=False).encode())

    def __enter__(self) -> NodeCluster:
        try:
            self.plane.launch()
            self.runtime.start()
            self.plane.wait_ready()
            self.kubelet.start()
            self.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def kubectl(self, *arguments: str, given: str = "", deadline: float = 90.0) -> str:
        """What kubectl prints as administrator. Raises CalledProcessError when it fails."""
        return subprocess.run(
            [self.plane.binaries["kubectl"], f"--kubeconfig={self.kubeconfig}", *arguments],
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.root)},
            input=given,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=True,
        ).stdout

    def wait_ready(self, deadline: float = READY_SECONDS) -> None:
        """Wait until the node is Ready and pods may be made in the default namespace.

        :raises Died: with the end of the kubelet's log.
        """
        api = self.plane.api()

        def ready() -> bool:
            self.kubelet.check()
            self.runtime.check()
            nodes = api.get("/api/v1/nodes")["items"]
            accounts = api.get("/api/v1/namespaces/default/serviceaccounts")["items"]
            return bool(accounts) and any(_is_ready(node) for node in nodes)

        try:
            if not wait_for(ready, deadline):
                raise Died(f"the node was not Ready in {deadline:.0f} s:\n{self.kubelet.tail()}")
        finally:
            api.close()

    def close(self) -> None:
        """End every process and remove every file, mount, link and cgroup."""
        for part in ("kubelet", "plane", "runtime", "sandbox"):
            if (started := getattr(self, part, None)) is not None:
                started.stop(grace=0)
        shutil.rmtree(self.root, ignore_errors=True)


def _flags(folder: Path) -> list[str]:
    return [
        f"--kubelet-client-certificate={folder / 'kubelet-client.crt'}",
        f"--kubelet-client-key={folder / 'kubelet-client.key'}",
        f"--kubelet-certificate-authority={folder / 'ca.crt'}",
        "--kubelet-preferred-address-types=InternalIP",
    ]


def _is_ready(node: dict[str, dict[str, list[dict[str, str]]]]) -> bool:
    conditions = node.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
