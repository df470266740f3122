from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.fleet.registry import Registry
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from tests.kube.pki import Authority, Pair

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def vault(home: Path):
    made, _ = Vault.create(passphrase=PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1))
    yield made
    made.close()


@pytest.fixture
def registry(vault: Vault) -> Registry:
    return Registry(vault)


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority()


def b64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


class Kubeconfig:
    """A kubeconfig in the making; every entry gets a context of its name."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "kubeconfig"
        self.clusters: dict[str, dict[str, Any]] = {}
        self.users: dict[str, dict[str, Any]] = {}

    def add(self, name: str, user: dict[str, Any], **cluster: Any) -> None:
        self.clusters[name] = {"server": f"https://{name}.example:6443", **cluster}
        self.users[name] = user
        self.write()

    def add_certificate(self, name: str, authority: Authority, pair: Pair, **cluster: Any) -> None:
        user = {"client-certificate-data": b64(pair.cert_pem), "client-key-data": b64(pair.key_bytes)}
        self.add(name, user, **{"certificate-authority-data": b64(authority.pem), **cluster})

    def write(self) -> None:
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": n, "cluster": c} for n, c in self.clusters.items()],
            "users": [{"name": n, "user": u} for n, u in self.users.items()],
            "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in self.clusters],
        }
        self.path.write_text(yaml.safe_dump(document, sort_keys=False))


@pytest.fixture
def kubeconfig(tmp_path: Path) -> Kubeconfig:
    return Kubeconfig(tmp_path)
