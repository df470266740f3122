"""How one cluster is reached and as whom: plain data, the same whether it came from a vault or a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backend.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Impersonation:
    """``as``, ``as-uid``, ``as-groups``, ``as-user-extra`` of a kubeconfig's user: acting with other rights.

    Dropping it silently would mean acting with the full rights of the real user.
    """

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecApproval:
    """What a person agreed to run: this very program file with these arguments, for this server."""

    path: Path
    """Absolute path of the program, resolved when it was approved."""
    sha256: str
    """Of the program's file. A wrapper script's hash proves little: it can call anything."""
    fingerprint: str
    """SHA-256 over path, file hash, arguments, environment, API version and server (see ``credentials``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecSpec:
    """An exec credential plugin (client.authentication.k8s.io v1 or v1beta1)."""

    api_version: str
    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    interactive_mode: str = "IfAvailable"
    """Never, IfAvailable or Always."""
    provide_cluster_info: bool = False
    cluster_config: bytes | None = None
    """JSON of the cluster's ``client.authentication.k8s.io/exec`` extension, handed to the plugin."""
    install_hint: str = ""
    base_dir: Path | None = None
    """Where a relative command containing a slash is looked up: the kubeconfig's folder."""
    approval: ExecApproval | None = None
    """None: never run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAccess:
    """Everything needed to open a connection to one API server; secrets are wrapped, so it may be printed."""

    id: str
    """Stable identity of the cluster inside Navarch; never taken from the kubeconfig's names."""
    name: str
    """What the user calls it; hostile until it passed ``safe_text``."""
    server: str
    """Base URL: scheme, host, port, optional path."""
    namespace: str = ""
    """The context's default namespace, if it names one."""
    ca_pem: bytes | None = None
    """Certificate authorities as PEM; None: the system's."""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = ""
    """http, https or socks5; user information only here, never shown."""
    disable_compression: bool = False
    client_cert_pem: bytes | None = None
    client_key_pem: Secret | None = None
    token: Secret | None = None
    token_file: Path | None = None
    """Wins over ``token`` (client-go's meaning) and is read again every minute."""
    username: str = ""
    password: Secret | None = None
    exec: ExecSpec | None = None
    impersonate: Impersonation | None = None
