"""Kubeconfigs made from the vault: one that asks Navarch for credentials, or one in the clear."""

from __future__ import annotations

import base64
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from backend.fleet.registry.record import ClusterRecord, ExecRecord, ImpersonationRecord
from backend.fleet.registry.store import Known
from backend.text import SafeStr, safe_text
from backend.vault.errors import VaultExists, VaultNotWritten
from backend.vault.file import sync_folder

API = "client.authentication.k8s.io/v1"


def why_not(record: ClusterRecord) -> SafeStr:
    """Why an exec plugin can't stand for this cluster's credential; '' when it can."""
    if (record.username or record.password) and not (
        record.token or record.token_file or record.client_cert_pem
    ):
        return safe_text("it uses a user name and password, which exec plugins can't hand over")
    if record.insecure_skip_tls_verify and record.ca_pem:
        return safe_text("it names a certificate authority and skips verification at once")
    if "@" in urlsplit(record.proxy_url).netloc:
        return safe_text("its proxy needs a password, which would stand in the file readable")
    return SafeStr("")


def asking_kubeconfig(
    known: Sequence[Known], *, program: Path, environment: Sequence[tuple[str, str]]
) -> bytes:
    """A kubeconfig (YAML) without secrets: each user is ``PROGRAM credential --cluster ID``.

    ``environment``: variables the program needs to find its vault. Contexts are called as the clusters are;
    ``current-context`` is set only when there is a single one, so that no command goes astray.
    """
    clusters, users, contexts = [], [], []
    for one in known:
        name = one.record.name
        user: dict[str, Any] = {
            "exec": {
                "apiVersion": API,
                "command": str(program),
                "args": ["credential", "--cluster", one.id],
                "env": [{"name": key, "value": value} for key, value in environment] or None,
                "interactiveMode": "Never",
                "provideClusterInfo": False,
                "installHint": "Navarch, which keeps this cluster's credentials, is no longer at that path.",
            }
        }
        user |= _impersonation(one.record.impersonate)
        clusters.append({"name": name, "cluster": _cluster(one.record)})
        users.append({"name": name, "user": user})
        contexts.append({"name": name, "context": _context(one.record)})
    return _dumped(clusters, users, contexts)


def plain_kubeconfig(known: Sequence[Known]) -> bytes:
    """A kubeconfig (YAML) with every secret readable. Only for a file of mode 0600 that a person demanded."""
    clusters, users, contexts = [], [], []
    for one in known:
        name = one.record.name
        clusters.append({"name": name, "cluster": _cluster(one.record)})
        users.append({"name": name, "user": _plain_user(one.record)})
        contexts.append({"name": name, "context": _context(one.record)})
    return _dumped(clusters, users, contexts)


def write_private(path: Path, content: bytes) -> None:
    """Write a new file, 0600, whole or not at all. Raises VaultExists, VaultNotWritten."""
    scratch = path.with_name(f".{path.name}.{os.urandom(6).hex()}.new")
    try:
        fd = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(fd)
        os.link(scratch, path)
        sync_folder(path.parent)
    except FileExistsError as error:
        raise VaultExists(f"{path} exists already.") from error
    except OSError as error:
        raise VaultNotWritten(f"{path} can't be written: {error.strerror}.") from error
    finally:
        scratch.unlink(missing_ok=True)


def _dumped(clusters: list[Any], users: list[Any], contexts: list[Any]) -> bytes:
    config: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "users": users,
        "contexts": contexts,
    }
    if len(contexts) == 1:
        config["current-context"] = contexts[0]["name"]
    return yaml.dump(config, Dumper=_Dumper, sort_keys=False, allow_unicode=False).encode()


class _Dumper(yaml.SafeDumper):
    """Without anchors: two equal lists are written twice."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _cluster(record: ClusterRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {"server": record.server}
    if record.ca_pem:
        fields["certificate-authority-data"] = _encoded(record.ca_pem)
    if record.tls_server_name:
        fields["tls-server-name"] = record.tls_server_name
    if record.insecure_skip_tls_verify:
        fields["insecure-skip-tls-verify"] = True
    if record.proxy_url:
        fields["proxy-url"] = record.proxy_url
    if record.disable_compression:
        fields["disable-compression"] = True
    return fields


def _context(record: ClusterRecord) -> dict[str, Any]:
    fields = {"cluster": record.name, "user": record.name}
    return fields | ({"namespace": record.namespace} if record.namespace else {})


def _plain_user(record: ClusterRecord) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if record.client_cert_pem:
        fields["client-certificate-data"] = _encoded(record.client_cert_pem)
    if record.client_key_pem:
        fields["client-key-data"] = _encoded(record.client_key_pem)
    if record.token:
        fields["token"] = record.token.decode()
    if record.token_file:
        fields["tokenFile"] = record.token_file
    if record.username:
        fields["username"] = record.username
    if record.password:
        fields["password"] = record.password.decode()
    if record.exec:
        fields["exec"] = _exec(record.exec)
    return fields | _impersonation(record.impersonate)


def _exec(record: ExecRecord) -> dict[str, Any]:
    command = record.command
    if "/" in command and not os.path.isabs(command) and record.base_dir:
        command = os.path.normpath(os.path.join(record.base_dir, command))
    return {
        "apiVersion": record.api_version,
        "command": command,
        "args": list(record.args) or None,
        "env": [{"name": key, "value": value} for key, value in record.env] or None,
        "interactiveMode": record.interactive_mode,
        "provideClusterInfo": record.provide_cluster_info,
    }


def _impersonation(who: ImpersonationRecord | None) -> dict[str, Any]:
    if who is None:
        return {}
    fields: dict[str, Any] = {"as": who.user}
    if who.uid:
        fields["as-uid"] = who.uid
    if who.groups:
        fields["as-groups"] = list(who.groups)
    if who.extra:
        fields["as-user-extra"] = {key: list(values) for key, values in who.extra}
    return fields


def _encoded(pem: bytes) -> str:
    return base64.b64encode(pem).decode()
