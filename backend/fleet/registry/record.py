"""One cluster as the vault keeps it: how it is reached, as whom, and what its user says about it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from backend.kube.access import ClusterAccess, ExecSpec, Impersonation
from backend.secret import Secret

KIND = "cluster"


class ExecRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An exec credential plugin; approvals are records of their own."""

    api_version: str
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    interactive_mode: str = "IfAvailable"
    provide_cluster_info: bool = False
    cluster_config: bytes | None = None
    install_hint: str = ""
    base_dir: str = ""


class ImpersonationRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a cluster was imported from."""

    path: str = ""
    context: str = ""
    hub: str = ""
    """Id of the cluster whose ClusterProfile it came from; empty: it came from a kubeconfig."""
    profile: str = ""
    """That profile's ``namespace/name``."""

    @property
    def words(self) -> str:
        """Where that is, for people."""
        if self.hub:
            return f"ClusterProfile {self.context}"
        return f"{self.path or 'standard input'}, context {self.context}"


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was noted when the cluster was reached first: the same server should show it again."""

    ca_spki: tuple[str, ...] = ()
    """SHA-256 of the public keys of the certificate authorities trusted for it."""
    kube_system_uid: str = ""


class ClusterRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Holds secrets in the clear while in memory; its repr shows the name alone."""

    name: str
    server: str
    namespace: str = ""
    ca_pem: bytes | None = None
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = ""
    disable_compression: bool = False
    client_cert_pem: bytes | None = None
    client_key_pem: bytes | None = None
    token: bytes | None = None
    token_file: str = ""
    username: str = ""
    password: bytes | None = None
    exec: ExecRecord | None = None
    impersonate: ImpersonationRecord | None = None
    tags: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    protected: bool = False
    read_only: bool = False
    source: Source = Source()
    namespaces: tuple[str, ...] = ()
    identity: Identity = Identity()

    def __repr__(self) -> str:
        return f"<ClusterRecord {self.name!r}>"

    def encode(self) -> bytes:
        return msgspec.json.encode(self)

    @classmethod
    def decode(cls, data: bytes) -> ClusterRecord:
        """Raises msgspec.ValidationError for a record of another shape."""
        return msgspec.json.decode(data, type=cls)

    @classmethod
    def of(cls, access: ClusterAccess, *, source: Source) -> ClusterRecord:
        """The record of what a kubeconfig's context says."""
        return cls(
            name=access.name,
            server=access.server,
            namespace=access.namespace,
            ca_pem=access.ca_pem,
            tls_server_name=access.tls_server_name,
            insecure_skip_tls_verify=access.insecure_skip_tls_verify,
            proxy_url=access.proxy_url,
            disable_compression=access.disable_compression,
            client_cert_pem=access.client_cert_pem,
            client_key_pem=_revealed(access.client_key_pem),
            token=_revealed(access.token),
            token_file=str(access.token_file) if access.token_file else "",
            username=access.username,
            password=_revealed(access.password),
            exec=_exec_record(access.exec),
            impersonate=_impersonation_record(access.impersonate),
            source=source,
            namespaces=(access.namespace,) if access.namespace else (),
        )

    def access(self, cluster_id: str) -> ClusterAccess:
        """How to reach it; exec plugins come without approval (see ``approvals.approved``)."""
        return ClusterAccess(
            id=cluster_id,
            name=self.name,
            server=self.server,
            namespace=self.namespace,
            ca_pem=self.ca_pem,
            tls_server_name=self.tls_server_name,
            insecure_skip_tls_verify=self.insecure_skip_tls_verify,
            proxy_url=self.proxy_url,
            disable_compression=self.disable_compression,
            client_cert_pem=self.client_cert_pem,
            client_key_pem=_hidden(self.client_key_pem),
            token=_hidden(self.token),
            token_file=Path(self.token_file) if self.token_file else None,
            username=self.username,
            password=_hidden(self.password),
            exec=_exec_spec(self.exec),
            impersonate=_impersonation(self.impersonate),
        )


CREDENTIAL_FIELDS = (
    "client_cert_pem",
    "client_key_pem",
    "token",
    "token_file",
    "username",
    "password",
    "exec",
    "impersonate",
)
REACH_FIELDS = (
    "server",
    "namespace",
    "ca_pem",
    "tls_server_name",
    "insecure_skip_tls_verify",
    "proxy_url",
    "disable_compression",
)
"""With the credentials: what a refresh takes from the file. All else is the user's own."""


def digest(value: bytes | None) -> str:
    """A few characters to tell two secrets apart without showing them."""
    return hashlib.sha256(value).hexdigest()[:8] if value else ""


def _revealed(secret: Secret | None) -> bytes | None:
    return secret.reveal() if secret is not None else None


def _hidden(value: bytes | None) -> Secret | None:
    return Secret(value) if value is not None else None


def _exec_record(spec: ExecSpec | None) -> ExecRecord | None:
    if spec is None:
        return None
    return ExecRecord(
        api_version=spec.api_version,
        command=spec.command,
        args=spec.args,
        env=spec.env,
        interactive_mode=spec.interactive_mode,
        provide_cluster_info=spec.provide_cluster_info,
        cluster_config=spec.cluster_config,
        install_hint=spec.install_hint,
        base_dir=str(spec.base_dir) if spec.base_dir else "",
    )


def _exec_spec(record: ExecRecord | None) -> ExecSpec | None:
    if record is None:
        return None
    return ExecSpec(
        api_version=record.api_version,
        command=record.command,
        args=record.args,
        env=record.env,
        interactive_mode=record.interactive_mode,
        provide_cluster_info=record.provide_cluster_info,
        cluster_config=record.cluster_config,
        install_hint=record.install_hint,
        base_dir=Path(record.base_dir) if record.base_dir else None,
    )


def _impersonation_record(who: Impersonation | None) -> ImpersonationRecord | None:
    if who is None:
        return None
    return ImpersonationRecord(user=who.user, uid=who.uid, groups=who.groups, extra=who.extra)


def _impersonation(record: ImpersonationRecord | None) -> Impersonation | None:
    if record is None:
        return None
    return Impersonation(user=record.user, uid=record.uid, groups=record.groups, extra=record.extra)
