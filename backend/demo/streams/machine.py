"""The inside of a simulated container: files and an environment, forgotten when it restarts."""

from __future__ import annotations

import posixpath
from collections import OrderedDict
from typing import Any

_LARGEST = 16 * 1024 * 1024
_KEPT = 200


class Full(OSError):
    """More bytes than a container keeps here."""


class Machine:
    """Files are bytes by absolute path; folders are those that hold one, and a few that always exist."""

    def __init__(self, pod: dict[str, Any], container: dict[str, Any]) -> None:
        self.name: str = pod["metadata"]["name"]
        self.command = [*(container.get("command") or ()), *(container.get("args") or ())]
        self.image: str = container.get("image", "")
        self.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOSTNAME": self.name,
            "HOME": "/root",
            "KUBERNETES_SERVICE_HOST": "10.96.0.1",
            "KUBERNETES_SERVICE_PORT": "443",
            **{one["name"]: one.get("value", "") for one in container.get("env") or ()},
        }
        address = (pod.get("status") or {}).get("podIP", "10.0.0.1")
        account = "/var/run/secrets/kubernetes.io/serviceaccount"
        self.files: dict[str, bytes] = {
            "/etc/hostname": f"{self.name}\n".encode(),
            "/etc/hosts": f"127.0.0.1\tlocalhost\n{address}\t{self.name}\n".encode(),
            "/etc/os-release": b'NAME="Demo Linux"\nID=demo\n',
            f"{account}/namespace": pod["metadata"].get("namespace", "default").encode(),
        }
        self.folders = {"/", "/bin", "/root", "/tmp", "/var"}  # noqa: S108 - folders of a simulation

    def resolve(self, path: str, folder: str = "/") -> str:
        """The absolute path; nothing leads out of the machine."""
        return posixpath.normpath(posixpath.join("/", folder, path))

    def is_folder(self, path: str) -> bool:
        start = path.rstrip("/") + "/"
        return path in self.folders or any(file.startswith(start) for file in self.files)

    def entries(self, folder: str) -> list[str]:
        """Names in a folder, sorted."""
        start = folder.rstrip("/") + "/"
        below = (path[len(start) :] for path in (*self.files, *self.folders) if path.startswith(start))
        return sorted({name.partition("/")[0] for name in below if name})

    def write(self, path: str, data: bytes) -> None:
        """:raises Full: the container has too many bytes already."""
        held = sum(len(content) for name, content in self.files.items() if name != path)
        if held + len(data) > _LARGEST:
            raise Full("No space left on device")
        self.files[path] = data


class Machines:
    """Of the running containers that somebody looked into; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._by_run: OrderedDict[tuple[str, str, str], Machine] = OrderedDict()

    def of(self, pod: dict[str, Any], container: str, started: str) -> Machine:
        """The machine of this run of the container."""
        key = (pod["metadata"]["uid"], container, started)
        if key not in self._by_run:
            spec = pod["spec"]
            listed = (*spec["containers"], *(spec.get("ephemeralContainers") or ()))
            self._by_run[key] = Machine(pod, next(one for one in listed if one["name"] == container))
            while len(self._by_run) > _KEPT:
                self._by_run.popitem(last=False)
        return self._by_run[key]
