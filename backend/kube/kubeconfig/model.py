"""What a kubeconfig holds once read: clusters, users, contexts, and what is wrong with any of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from backend.kube.access import ClusterAccess, ExecSpec, Impersonation
from backend.kube.kubeconfig.reader import Flaw
from backend.secret import Secret
from backend.text import SafeStr


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEntry:
    name: str
    line: int | None
    server: str
    ca_data: bytes | None = None
    ca_file: str = ""
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = field(default="", repr=False)
    disable_compression: bool = False
    exec_config: bytes | None = None
    """JSON of the extension ``client.authentication.k8s.io/exec``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserEntry:
    name: str
    line: int | None
    cert_data: bytes | None = None
    cert_file: str = ""
    key_data: Secret | None = None
    key_file: str = ""
    token: Secret | None = None
    token_file: str = ""
    username: str = ""
    password: Secret | None = None
    impersonate: Impersonation | None = None
    exec: ExecSpec | None = None
    stands_in: bool = False
    """The plugin is not the file's own: it takes the place of an auth-provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextEntry:
    name: str
    line: int | None
    cluster: str
    user: str
    namespace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that can't be used, and where; the rest of the file can."""

    where: SafeStr
    """``context prod``, ``user jane``."""
    sentence: SafeStr
    advice: SafeStr
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReference:
    """A file that the kubeconfig wants to be read, for the review: a hostile one could name any file."""

    field: str
    """``certificate-authority``, ``client-certificate``, ``client-key`` or ``tokenFile``."""
    path: Path
    resolved: Path
    """Where ``path`` leads once links are followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kubeconfig:
    """A file's content. Names are the file's own, hostile until they pass ``safe_text``."""

    clusters: dict[str, ClusterEntry | Flaw]
    users: dict[str, UserEntry | Flaw]
    contexts: dict[str, ContextEntry | Flaw]
    problems: tuple[Problem, ...]
    """In the order of the file. A context that can't be used has one."""
    current_context: str = ""
    origin: Path | None = None

    @property
    def usable(self) -> tuple[str, ...]:
        """Names of the contexts that ``access`` gives (as long as the files they name can be read)."""
        from backend.kube.kubeconfig.resolve import resolved

        names = []
        for name in self.contexts:
            try:
                resolved(self, name)
            except Flaw:
                continue
            names.append(name)
        return tuple(names)

    def access(self, context: str, *, read_files: bool, id: str = "") -> ClusterAccess:
        """How to reach the context's cluster, with client-go's meaning.

        Without ``read_files`` no file is touched, and what stands in files is missing from the result; see
        ``files``. ``id`` is Navarch's own; a random one by default. Raises KubeconfigError.
        """
        from backend.kube.kubeconfig.resolve import access

        return access(self, context, read_files=read_files, id=id)

    def files(self, context: str) -> tuple[FileReference, ...]:
        """The files that ``access(context, read_files=True)`` would read. Raises KubeconfigError."""
        from backend.kube.kubeconfig.resolve import files

        return files(self, context)
