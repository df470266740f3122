"""From a context's name to everything needed to connect, with client-go's precedence."""

from __future__ import annotations

import secrets
from dataclasses import replace
from pathlib import Path

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig.model import ClusterEntry, ContextEntry, FileReference, Kubeconfig, UserEntry
from backend.kube.kubeconfig.reader import Flaw
from backend.kube.regular_file import read_regular
from backend.secret import Secret

MAX_REFERENCED = 1024 * 1024
"""Largest file that a kubeconfig may name, in bytes."""


def resolved(config: Kubeconfig, context: str) -> tuple[ContextEntry, ClusterEntry, UserEntry]:
    """The context with its cluster and user. Raises Flaw."""
    entry = config.contexts.get(context)
    if entry is None:
        raise Flaw("there is no such context", advice="Contexts of this file: " + ", ".join(config.contexts))
    if isinstance(entry, Flaw):
        raise entry
    cluster = config.clusters.get(entry.cluster)
    if cluster is None:
        raise Flaw(f"its cluster {entry.cluster} is not in the file", line=entry.line)
    if isinstance(cluster, Flaw):
        raise _of("cluster", entry.cluster, cluster)
    if not entry.user:  # client-go refuses this too; anonymous access must be said, not slipped into
        raise Flaw("it names no user", line=entry.line)
    user = config.users.get(entry.user)
    if user is None:
        raise Flaw(f"its user {entry.user} is not in the file", line=entry.line)
    if isinstance(user, Flaw):
        raise _of("user", entry.user, user)
    return entry, cluster, user


def plugin_stands_in(config: Kubeconfig, context: str) -> bool:
    """Whether a usable context's exec plugin is not the file's own (see ``oidc``)."""
    return resolved(config, context)[2].stands_in


def _of(what: str, name: str, flaw: Flaw) -> Flaw:
    return Flaw(f"its {what} {name} can't be used: {flaw.sentence}", line=flaw.line, advice=flaw.advice)


def error(context: str, flaw: Flaw) -> KubeconfigError:
    """The flaw as an error of the context, with the line if it is known."""
    place = f" (line {flaw.line})" if flaw.line else ""
    return KubeconfigError(context, f"{flaw.sentence}{place}", advice=flaw.advice)


def access(config: Kubeconfig, context: str, *, read_files: bool, id: str = "") -> ClusterAccess:
    """See ``Kubeconfig.access``."""
    try:
        entry, cluster, user = resolved(config, context)
        paths = _paths(config, cluster, user)
        contents = {f: _content(f, p) for f, p in paths.items() if f != "tokenFile"} if read_files else {}
    except Flaw as flaw:
        raise error(context, flaw) from None
    key = contents.get("client-key")
    return ClusterAccess(
        id=id or secrets.token_hex(8),
        name=context,
        server=cluster.server if "://" in cluster.server else f"https://{cluster.server}",
        namespace=entry.namespace,
        ca_pem=cluster.ca_data or contents.get("certificate-authority"),
        tls_server_name=cluster.tls_server_name,
        insecure_skip_tls_verify=cluster.insecure_skip_tls_verify,
        proxy_url=cluster.proxy_url,
        disable_compression=cluster.disable_compression,
        client_cert_pem=user.cert_data or contents.get("client-certificate"),
        client_key_pem=user.key_data or (Secret(key) if key else None),
        token=user.token,
        token_file=paths.get("tokenFile"),
        username=user.username,
        password=user.password,
        exec=_exec(user, cluster),
        impersonate=user.impersonate,
    )


def files(config: Kubeconfig, context: str) -> tuple[FileReference, ...]:
    """See ``Kubeconfig.files``."""
    try:
        _, cluster, user = resolved(config, context)
        paths = _paths(config, cluster, user)
    except Flaw as flaw:
        raise error(context, flaw) from None
    return tuple(FileReference(field=f, path=p, resolved=p.resolve()) for f, p in paths.items())


def _exec(user: UserEntry, cluster: ClusterEntry) -> ExecSpec | None:
    if user.exec is None or not user.exec.provide_cluster_info:
        return user.exec
    return replace(user.exec, cluster_config=cluster.exec_config)


def _paths(config: Kubeconfig, cluster: ClusterEntry, user: UserEntry) -> dict[str, Path]:
    """The files that count: inline data wins over the file of the same thing."""
    named = {
        "certificate-authority": "" if cluster.ca_data else cluster.ca_file,
        "client-certificate": "" if user.cert_data else user.cert_file,
        "client-key": "" if user.key_data else user.key_file,
        "tokenFile": user.token_file,
    }
    return {field: _absolute(config.origin, field, name) for field, name in named.items() if name}


def _absolute(origin: Path | None, field: str, name: str) -> Path:
    if "\0" in name:
        raise Flaw(f"{field} is not a file name")
    path = Path(name)
    if path.is_absolute():
        return path
    if origin is None:
        raise Flaw(
            f"{field} names a file relative to the kubeconfig, whose place is not known",
            advice="Import the kubeconfig from its file.",
        )
    return origin.absolute().parent / path


_BEGINNINGS = {
    "certificate-authority": b"-----BEGIN ",
    "client-certificate": b"-----BEGIN CERTIFICATE-----",
    "client-key": b"PRIVATE KEY-----",
}


def _content(field: str, path: Path) -> bytes:
    """What the file holds, if it is a file and what the field says. Raises Flaw."""
    try:
        content = read_regular(path, MAX_REFERENCED)
    except OSError as problem:
        raise Flaw(
            f"{field}: {path} can't be read: {problem.strerror or problem}",
            advice="Restore it, or import inline data instead (kubectl config view --raw --flatten).",
        ) from None
    if _BEGINNINGS[field] not in content:
        raise Flaw(f"{field}: {path} is not in PEM form")
    return content
