"""One real Kubernetes control plane as processes: etcd, API server, controller manager, scheduler.

No kubelet: nodes are objects that somebody creates, pods run only on paper (`workload.py` says so in their
status). A cluster whose pods really run is in `tests/real/node`.
"""

from __future__ import annotations

import base64
import http.client
import os
import random
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml

from tests.real.api import Api, ApiError
from tests.real.binaries import Binaries
from tests.real.certificates import Authority, KeyPair, service_account_keys
from tests.real.processes import Died, Process

_LOOPBACK = "127.0.0.1"
_PORTS = range(
    20000, 32000
)  # below Linux' and macOS' ephemeral ports: no outgoing connection takes ours meanwhile
READY_SECONDS = 90.0
_UNCHANGING_NODES = (
    "24h"  # nothing renews our nodes' leases; real time-outs would evict their pods in a minute
)


class Machine(Protocol):
    """Where the processes of a cluster run."""

    address: str
    """Where its API server listens."""

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` there."""
        ...


class ThisMachine:
    """Here, reachable over loopback only."""

    address = _LOOPBACK

    def enter(self, command: Sequence[str]) -> list[str]:
        return list(command)


class ControlPlane:
    """One cluster. `launch`, then `wait_ready`; `stop` and `launch` again keep port, data and identities."""

    def __init__(
        self,
        name: str,
        folder: Path,
        binaries: Binaries,
        *,
        apiserver_flags: Sequence[str] = (),
        controllers: bool = True,
        machine: Machine | None = None,
    ) -> None:
        self.name = name
        self.folder = folder
        self.binaries = binaries
        self._machine = machine or ThisMachine()
        self.port = _free_port()
        self.authority = Authority(f"{name}-ca")
        self._front_proxy = Authority(f"{name}-front-proxy-ca")
        self._flags = list(apiserver_flags)
        self.has_controllers = controllers and binaries.has_controllers
        folder.mkdir(mode=0o700, parents=True, exist_ok=machine is not None)
        self._write_keys()
        self.etcd, self.apiserver, self.controllers = self._processes()

    @property
    def server(self) -> str:
        """The API server's URL."""
        return f"https://{self._machine.address}:{self.port}"

    @property
    def ca(self) -> bytes:
        """PEM of the authority that signed its serving certificate and signs its users'."""
        return self.authority.pair.certificate

    @property
    def processes(self) -> list[Process]:
        return [self.etcd, self.apiserver, *self.controllers]

    def launch(self) -> None:
        """Start etcd and the API server (which waits for etcd itself)."""
        self.etcd.start()
        self.apiserver.start()

    def wait_ready(self, deadline: float = READY_SECONDS) -> None:
        """Wait until it is ready to serve, then start the controllers.

        :raises Died: a process ended, or nothing was ready in `deadline` seconds; with the log's end.
        """
        api = self.api()
        last = ""

        def ready() -> bool:
            nonlocal last
            self.etcd.check()
            self.apiserver.check()
            try:
                return bool(api.get("/readyz") == "ok")
            except (OSError, ApiError, http.client.HTTPException) as error:
                last = str(error)
                return False

        if not wait_for(ready, deadline):
            raise Died(f"{self.name} was not ready in {deadline:.0f} s ({last}):\n{self.apiserver.tail()}")
        api.close()
        for process in self.controllers:
            process.start()

    def stop(self, *, grace: float = 3.0) -> None:
        """End every process, the newest first. Data stays in the folder."""
        for process in reversed(self.processes):
            process.stop(grace=grace)

    def stop_apiserver(self, *, grace: float = 3.0) -> None:
        """Take the API server away while everything behind it stays; `start_apiserver` brings it back."""
        self.apiserver.stop(grace=grace)

    def start_apiserver(self, deadline: float = READY_SECONDS) -> None:
        """Bring the API server back on the same port and wait for it."""
        controllers, self.controllers = self.controllers, []
        try:
            self.apiserver.start()
            self.wait_ready(deadline)
        finally:
            self.controllers = controllers

    def mint(self, user: str, groups: Sequence[str] = (), *, days: float = 7.0) -> KeyPair:
        """A client certificate for a user; without RBAC bindings it may do next to nothing."""
        return self.authority.client(user, groups, days=days)

    def admin(self) -> KeyPair:
        """A client certificate of group system:masters."""
        return self.mint("navarch-admin", ["system:masters"])

    def api(self, user: KeyPair | None = None) -> Api:
        """A connection as `user`, by default an administrator."""
        return Api(self._machine.address, self.port, self.ca, user or self.admin())

    def kubeconfig(self, user: KeyPair | None = None, *, user_name: str = "admin") -> dict[str, Any]:
        """A kubeconfig of this one cluster with everything embedded."""
        return kubeconfig([(self, user or self.admin(), user_name)])

    def _write_keys(self) -> None:
        accounts = service_account_keys()
        serving = self.authority.server(
            ["localhost", "kubernetes", "kubernetes.default.svc"],
            list(dict.fromkeys([self._machine.address, _LOOPBACK, "::1", "10.96.0.1"])),
        )
        for name, data in {
            "ca.crt": self.ca,
            "ca.key": self.authority.pair.key,
            "front-proxy-ca.crt": self._front_proxy.pair.certificate,
            "serving.crt": serving.certificate,
            "serving.key": serving.key,
            "accounts.pub": accounts.certificate,
            "accounts.key": accounts.key,
        }.items():
            write_private(self.folder / name, data)
        for component in ("kube-controller-manager", "kube-scheduler"):
            config = self.kubeconfig(self.mint(f"system:{component}"), user_name=component)
            write_private(self.folder / f"{component}.kubeconfig", yaml.safe_dump(config).encode())

    def _processes(self) -> tuple[Process, Process, list[Process]]:
        client, peer = (f"http://{_LOOPBACK}:{_free_port()}" for _ in range(2))
        programs, enter = self.binaries, self._machine.enter
        etcd = Process(
            "etcd", enter([programs["etcd"], *_etcd_flags(self.folder, client, peer)]), self.folder
        )
        address = self._machine.address
        flags = [*_apiserver_flags(self.folder, address, self.port, client), *self._flags]
        if (
            not self.has_controllers
        ):  # nobody makes the accounts that this admission plugin wants pods to have
            flags.append("--disable-admission-plugins=ServiceAccount")
        apiserver = Process("kube-apiserver", enter([programs["kube-apiserver"], *flags]), self.folder)
        controllers = []
        if self.has_controllers:
            for name, more in (
                ("kube-controller-manager", _controller_flags(self.folder)),
                ("kube-scheduler", []),
            ):
                config = str(self.folder / f"{name}.kubeconfig")
                command = [
                    programs[name],
                    f"--kubeconfig={config}",
                    "--leader-elect=false",
                    "--secure-port=0",
                    *more,
                ]
                controllers.append(Process(name, enter(command), self.folder))
        return etcd, apiserver, controllers


def kubeconfig(entries: Sequence[tuple[ControlPlane, KeyPair, str]]) -> dict[str, Any]:
    """A kubeconfig with embedded certificates (kubernetes.io, config API, kubeconfig.v1).

    One context per entry, named like its cluster; users are named ``USER@CLUSTER``.
    """
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": entries[0][0].name,
        "clusters": [
            {
                "name": plane.name,
                "cluster": {"server": plane.server, "certificate-authority-data": _base64(plane.ca)},
            }
            for plane, _, _ in entries
        ],
        "users": [
            {
                "name": f"{name}@{plane.name}",
                "user": {
                    "client-certificate-data": _base64(pair.certificate),
                    "client-key-data": _base64(pair.key),
                },
            }
            for plane, pair, name in entries
        ],
        "contexts": [
            {"name": plane.name, "context": {"cluster": plane.name, "user": f"{name}@{plane.name}"}}
            for plane, _, name in entries
        ],
    }


def wait_for(condition: Callable[[], bool], deadline: float) -> bool:
    """Poll `condition` until it holds (True) or `deadline` seconds went by (False)."""
    end = time.monotonic() + deadline
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def _etcd_flags(folder: Path, client: str, peer: str) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",  # nobody needs this data after a power cut
        "--log-level=warn",
    ]


def _apiserver_flags(folder: Path, address: str, port: int, etcd: str) -> list[str]:
    return [
        f"--etcd-servers={etcd}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",  # else a loopback address is refused as an endpoint
        f"--client-ca-file={folder / 'ca.crt'}",
        f"--tls-cert-file={folder / 'serving.crt'}",
        f"--tls-private-key-file={folder / 'serving.key'}",
        f"--requestheader-client-ca-file={folder / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-username-headers=X-Remote-User",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--profiling=false",
        "--v=1",
    ]


def _controller_flags(folder: Path) -> list[str]:
    return [
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={folder / 'accounts.key'}",
        f"--root-ca-file={folder / 'ca.crt'}",
        f"--cluster-signing-cert-file={folder / 'ca.crt'}",
        f"--cluster-signing-key-file={folder / 'ca.key'}",
        f"--node-monitor-grace-period={_UNCHANGING_NODES}",
        f"--node-startup-grace-period={_UNCHANGING_NODES}",
        "--controllers=*,-cloud-node-lifecycle,-service-lb-controller,-node-route-controller",
    ]


_handed_out: set[int] = set()


def _free_port() -> int:
    for port in random.sample(_PORTS, 200):
        if port in _handed_out:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((_LOOPBACK, port))
            except OSError:
                continue
        _handed_out.add(port)
        return port
    raise Died(f"no free loopback port between {_PORTS.start} and {_PORTS.stop}")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
