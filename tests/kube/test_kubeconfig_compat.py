"""Our reading of kubeconfigs beside the official Python client's: where they agree, and where ours is meant
to differ because client-go (and therefore kubectl) does."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import Configuration
from kubernetes.config import kube_config

from backend.kube.access import ClusterAccess
from backend.kube.credentials import Credentials
from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig import load
from tests.kube.pki import Authority


@pytest.fixture(autouse=True)
def _no_official_temp_files() -> Iterator[None]:
    """The official loader writes keys to temporary files and leaves them there until the process ends."""
    yield
    kube_config._cleanup_temp_files()


def write(folder: Path, *, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    file = folder / "config"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "x",
        "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443", **cluster}}],
        "users": [{"name": "u", "user": user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    }
    file.write_text(yaml.safe_dump(document))
    return file


def official(file: Path) -> Configuration:
    configuration = Configuration()
    kube_config.load_kube_config(str(file), client_configuration=configuration)
    return configuration


def ours(file: Path) -> ClusterAccess:
    return load(file).access("x", read_files=True)


async def authorization(access: ClusterAccess) -> str | None:
    value = (await Credentials(access).current()).authorization
    return value.text() if value else None


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.parametrize("inline", [True, False])
async def test_both_mean_the_same(inline: bool, tmp_path: Path) -> None:
    authority = Authority()
    jane = authority.client("jane")
    parts = {
        "certificate-authority": authority.pem,
        "client-certificate": jane.cert_pem,
        "client-key": jane.key_bytes,
    }
    entries = {}
    for name, content in parts.items():
        (tmp_path / name).write_bytes(content)
        entries |= {f"{name}-data": b64(content)} if inline else {name: name}
    authority_entry = {k: v for k, v in entries.items() if k.startswith("certificate-authority")}
    file = write(
        tmp_path,
        cluster={
            **authority_entry,
            "tls-server-name": "kube.internal",
            "proxy-url": "http://proxy.example:3128",
        },
        user={k: v for k, v in entries.items() if k.startswith("client")},
    )
    theirs, mine = official(file), ours(file)
    assert theirs.host == mine.server
    assert Path(theirs.ssl_ca_cert).read_bytes() == mine.ca_pem == authority.pem
    assert Path(theirs.cert_file).read_bytes() == mine.client_cert_pem == jane.cert_pem
    assert mine.client_key_pem is not None
    assert Path(theirs.key_file).read_bytes() == mine.client_key_pem.reveal() == jane.key_bytes
    assert theirs.tls_server_name == mine.tls_server_name == "kube.internal"
    assert theirs.proxy == mine.proxy_url == "http://proxy.example:3128"
    assert theirs.verify_ssl is True
    assert mine.insecure_skip_tls_verify is False


async def test_both_send_the_same_token(tmp_path: Path) -> None:
    file = write(tmp_path, cluster={}, user={"token": "tok"})
    assert official(file).api_key["BearerToken"] == await authorization(ours(file)) == "Bearer tok"


async def test_both_honour_the_insecure_flag(tmp_path: Path) -> None:
    file = write(tmp_path, cluster={"insecure-skip-tls-verify": True}, user={"token": "tok"})
    assert official(file).verify_ssl is False
    assert ours(file).insecure_skip_tls_verify is True


# --- deliberately different: client-go's way ---------------------------------------------------------


async def test_the_token_file_wins_and_loses_its_newline(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    file = write(tmp_path, cluster={}, user={"token": "inline", "tokenFile": "token"})
    assert official(file).api_key["BearerToken"] == "Bearer inline"
    assert await authorization(ours(file)) == "Bearer from-file"


async def test_impersonation_is_kept(tmp_path: Path) -> None:
    file = write(tmp_path, cluster={}, user={"token": "tok", "as": "jane", "as-groups": ["dev"]})
    assert "jane" not in str(vars(official(file)))
    impersonate = ours(file).impersonate
    assert impersonate is not None
    assert (impersonate.user, impersonate.groups) == ("jane", ("dev",))


async def test_an_auth_provider_is_refused_instead_of_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    provider = {"name": "gcp", "config": {"cmd-path": "touch", "cmd-args": str(ran)}}
    file = write(tmp_path, cluster={}, user={"auth-provider": provider})
    with pytest.raises(KubeconfigError, match="auth-provider"):
        ours(file)
    assert not ran.exists()


async def test_a_failing_plugin_does_not_make_us_anonymous(tmp_path: Path) -> None:
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "/bin/false",
        "interactiveMode": "Never",
    }
    file = write(tmp_path, cluster={}, user={"exec": plugin})
    assert "BearerToken" not in official(file).api_key  # it ran the plugin, and goes on without a credential
    with pytest.raises(Exception, match="never approved"):
        await authorization(ours(file))


async def test_reading_runs_nothing(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "touch",
        "args": [str(ran)],
        "interactiveMode": "Never",
    }
    parsed = load(write(tmp_path, cluster={}, user={"exec": plugin}))
    parsed.access("x", read_files=True)
    parsed.files("x")
    assert not ran.exists()


async def test_two_ways_to_log_in_are_refused(tmp_path: Path) -> None:
    file = write(tmp_path, cluster={}, user={"token": "tok", "username": "jane", "password": "pw"})
    assert official(file).api_key["BearerToken"] == "Bearer tok"
    with pytest.raises(KubeconfigError, match="only one is allowed"):
        ours(file)
