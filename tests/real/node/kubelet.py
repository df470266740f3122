"""The kubelet of a node, set up so that it runs in a sandbox on a machine that isn't its own."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.real.control_plane import ControlPlane, kubeconfig, write_private
from tests.real.node.containerd import SOCKET
from tests.real.node.sandbox import Sandbox
from tests.real.processes import Process


class Kubelet:
    """One kubelet that registers the node `name`; `start` again after `stop` is a restart."""

    def __init__(self, name: str, folder: Path, *, plane: ControlPlane, sandbox: Sandbox) -> None:
        self.name = name
        self._folder, self._plane, self._sandbox = folder, plane, sandbox
        self._program = plane.binaries["kubelet"]
        self._process: Process | None = None
        self._write_files()

    def start(self) -> None:
        command = [
            self._program,
            f"--config={self._folder / 'kubelet.yaml'}",
            f"--kubeconfig={self._folder / 'kubelet.kubeconfig'}",
            f"--hostname-override={self.name}",
            f"--node-ip={self._sandbox.address}",
            "--v=1",
        ]
        self._process = Process("kubelet", self._sandbox.enter(command), self._folder)
        self._process.start()

    def check(self) -> None:
        """Raises Died when it has ended."""
        if self._process is not None:
            self._process.check()

    def tail(self) -> str:
        return "" if self._process is None else self._process.tail()

    def stop(self, *, grace: float = 3.0) -> None:
        if self._process is not None:
            self._process.stop(grace=grace)

    def _write_files(self) -> None:
        plane, folder = self._plane, self._folder
        serving = plane.authority.server([self.name], [self._sandbox.address, "127.0.0.1"])
        write_private(folder / "kubelet.crt", serving.certificate)
        write_private(folder / "kubelet.key", serving.key)
        write_private(folder / "kubelet-ca.crt", plane.ca)
        user = plane.mint(f"system:node:{self.name}", ["system:nodes"])
        config = kubeconfig([(plane, user, "kubelet")])
        write_private(folder / "kubelet.kubeconfig", yaml.safe_dump(config).encode())
        (folder / "kubelet.yaml").write_text(yaml.safe_dump(self._config()))

    def _config(self) -> dict[str, object]:
        folder = self._folder
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": f"{folder}/kubelet-ca.crt"},
            },
            "authorization": {"mode": "Webhook"},
            "tlsCertFile": f"{folder}/kubelet.crt",
            "tlsPrivateKeyFile": f"{folder}/kubelet.key",
            "containerRuntimeEndpoint": f"unix://{SOCKET}",
            "podLogsDir": f"{folder}/pod-logs",
            # Nothing here may depend on how this machine's own cgroups, swap and disk are.
            "failCgroupV1": False,
            "cgroupDriver": "cgroupfs",
            "cgroupsPerQOS": False,
            "enforceNodeAllocatable": [],
            "failSwapOn": False,
            "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
            "imageGCHighThresholdPercent": 100,
            "resolvConf": "",
            "clusterDNS": ["10.96.0.10"],  # nobody answers there, but without it every pod gets a warning
            "readOnlyPort": 0,
            "healthzPort": 0,
            # A person waits for these in a test.
            "nodeStatusUpdateFrequency": "2s",
            "nodeStatusReportFrequency": "2s",
            "syncFrequency": "2s",
            "fileCheckFrequency": "0s",
            "httpCheckFrequency": "0s",
            "shutdownGracePeriod": "0s",
        }
