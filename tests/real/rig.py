"""The rig: two independent real clusters that share nothing but the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import yaml

from tests.real import binaries
from tests.real.control_plane import ControlPlane, kubeconfig, write_private
from tests.real.processes import make_folder

CLUSTERS = ("real-east", "real-west")


class Rig:
    """Real clusters and an administrator's kubeconfig for all of them. Main thread only."""

    def __init__(self, programs: binaries.Binaries, names: Iterable[str] = CLUSTERS) -> None:
        self.programs = programs
        self.folder = make_folder()
        self.clusters = [ControlPlane(name, self.folder / name, programs) for name in names]
        self._extras: list[ControlPlane] = []
        self.kubeconfig = self.folder / "kubeconfig"
        entries = [(plane, plane.admin(), "admin") for plane in self.clusters]
        write_private(self.kubeconfig, yaml.safe_dump(kubeconfig(entries), sort_keys=False).encode())

    def __enter__(self) -> Rig:
        try:
            for plane in self.clusters:
                plane.launch()
            for plane in self.clusters:
                plane.wait_ready()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getitem__(self, name: str) -> ControlPlane:
        return next(plane for plane in self.clusters if plane.name == name)

    def extra(
        self, name: str, *, apiserver_flags: Iterable[str] = (), controllers: bool = False
    ) -> ControlPlane:
        """One more cluster, not started, for a test that stops it or wants its own flags."""
        plane = ControlPlane(
            name,
            self.folder / f"extra-{len(self._extras)}-{name}",
            self.programs,
            apiserver_flags=list(apiserver_flags),
            controllers=controllers,
        )
        self._extras.append(plane)
        return plane

    def kubectl(
        self, *arguments: str, context: str = "", deadline: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl as administrator (of the first cluster, or of `context`)."""
        chosen = [f"--context={context}"] if context else []
        return subprocess.run(
            [self.programs["kubectl"], f"--kubeconfig={self.kubeconfig}", *chosen, *arguments],
            env={"PATH": os.environ.get("PATH", os.defpath), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )

    def describe(self) -> dict[str, Any]:
        """What `python -m tests.real up` prints."""
        return {
            "kubeconfig": str(self.kubeconfig),
            "clusters": [plane.name for plane in self.clusters],
            "servers": {plane.name: plane.server for plane in self.clusters},
            "kubectl": self.programs["kubectl"],
            "folder": str(self.folder),
            "pid": os.getpid(),
        }

    def close(self) -> None:
        """End every process and remove every file."""
        for plane in [*self.clusters, *self._extras]:
            plane.stop(grace=0)
        shutil.rmtree(self.folder, ignore_errors=True)
