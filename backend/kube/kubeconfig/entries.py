"""Clusters, users and contexts out of the tree: each checked by itself, as client-go's validation does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from backend.kube.access import ExecSpec, Impersonation
from backend.kube.kubeconfig.fields import Fields, to_json
from backend.kube.kubeconfig.model import ClusterEntry, ContextEntry, UserEntry
from backend.kube.kubeconfig.oidc import kubelogin
from backend.kube.kubeconfig.reader import Flaw, flaws
from backend.kube.origin import Origin
from backend.kube.proxies import ProxyUrl
from backend.secret import Secret

Entry = TypeVar("Entry")

EXEC_EXTENSION = "client.authentication.k8s.io/exec"
_API = "client.authentication.k8s.io/"
_INSTEAD = {
    "gcp": "Use the exec plugin gke-gcloud-auth-plugin; gcloud container clusters get-credentials writes it.",
    "azure": "Use Azure's exec plugin: kubelogin convert-kubeconfig rewrites the file.",
}
"""What to use in an auth-provider's place; Kubernetes has removed these."""
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_MODES = ("Never", "IfAvailable", "Always")


def named(
    top: Fields, key: str, inner: str, build: Callable[[str, int, Fields], Entry]
) -> dict[str, Entry | Flaw]:
    """The entries of one of the three lists by name; a flawed one is its Flaw, and spoils no other."""
    found: dict[str, Entry | Flaw] = {}
    for position, node in enumerate(top.list(key), start=1):
        name = f"number {position}"
        try:
            outer = Fields(node, f"{inner} number {position}")
            name = outer.text("name") or name
            if "name" not in outer:
                raise Flaw(f"{inner} number {position} has no name", line=node.line)
            if name in found:
                raise Flaw(
                    f"the name occurs twice among the {key} (again on line {node.line})", line=node.line
                )
            for flaw in flaws(node):
                raise flaw
            found[name] = build(name, node.line, Fields(outer.node(inner), f"{inner} {name}"))
        except Flaw as flaw:
            found[name] = flaw
    return found


def cluster(name: str, line: int, fields: Fields) -> ClusterEntry:
    entry = ClusterEntry(
        name=name,
        line=line,
        server=fields.text("server"),
        ca_data=fields.data("certificate-authority-data"),
        ca_file=fields.text("certificate-authority"),
        tls_server_name=fields.text("tls-server-name"),
        insecure_skip_tls_verify=fields.flag("insecure-skip-tls-verify"),
        proxy_url=fields.text("proxy-url"),
        disable_compression=fields.flag("disable-compression"),
        exec_config=_exec_extension(fields),
    )
    if not entry.server:
        raise Flaw("no server is given", line=fields.line_of("server"))
    try:
        Origin.parse(entry.server)
    except ValueError as error:
        raise Flaw(str(error), line=fields.line_of("server")) from None
    if entry.insecure_skip_tls_verify and (entry.ca_data or entry.ca_file):
        raise Flaw(
            "it names a certificate authority and insecure-skip-tls-verify at once",
            line=fields.line_of("insecure-skip-tls-verify"),
            advice="Remove insecure-skip-tls-verify; the authority is what keeps the connection safe.",
        )
    if entry.proxy_url:
        try:
            ProxyUrl.parse(entry.proxy_url)
        except ValueError as error:
            raise Flaw(str(error), line=fields.line_of("proxy-url")) from None
    return entry


def _exec_extension(fields: Fields) -> bytes | None:
    for node in fields.list("extensions"):
        extension = Fields(node, "an extension")
        content = extension.node("extension")
        if extension.text("name") == EXEC_EXTENSION and content is not None:
            return to_json(content)
    return None


def context(name: str, line: int, fields: Fields) -> ContextEntry:
    entry = ContextEntry(
        name=name,
        line=line,
        cluster=fields.text("cluster"),
        user=fields.text("user"),
        namespace=fields.text("namespace"),
    )
    if not entry.cluster:
        raise Flaw("it names no cluster", line=fields.line_of("cluster"))
    if entry.namespace and not _DNS_LABEL.fullmatch(entry.namespace):
        raise Flaw("its namespace is not a valid name", line=fields.line_of("namespace"))
    return entry


def user(name: str, line: int, fields: Fields, *, base_dir: Path | None) -> UserEntry:
    stands_in = _auth_provider(fields) if "auth-provider" in fields else None
    key = fields.data("client-key-data")
    entry = UserEntry(
        name=name,
        line=line,
        cert_data=fields.data("client-certificate-data"),
        cert_file=fields.text("client-certificate"),
        key_data=Secret(key) if key else None,
        key_file=fields.text("client-key"),
        token=fields.secret("token"),
        token_file=fields.text("tokenFile"),
        username=fields.text("username"),
        password=fields.secret("password"),
        impersonate=_impersonation(fields),
        exec=_exec(fields.below("exec"), base_dir) if "exec" in fields else stands_in,
        stands_in=stands_in is not None,
    )
    if (entry.cert_data or entry.cert_file) and not (entry.key_data or entry.key_file):
        raise Flaw("it has a client certificate but no client key", line=line)
    if entry.token and (entry.username or entry.password):
        raise Flaw("it has a token and a user name with password; only one is allowed", line=line)
    return entry


def _auth_provider(fields: Fields) -> ExecSpec:
    """The exec plugin to use in its place. Raises Flaw where there is none that needs nobody's hand."""
    provider, line = fields.below("auth-provider"), fields.line_of("auth-provider")
    name = provider.text("name")
    if "exec" in fields:
        raise Flaw("it has an exec plugin and an auth-provider at once", line=line)
    if name == "oidc":
        return kubelogin(provider.below("config"), line=line)
    raise Flaw(
        f"it signs in by an auth-provider ({name or 'unnamed'}), which is no exec plugin",
        line=line,
        advice=_INSTEAD.get(name, "Ask who gave you the file for one with an exec plugin."),
    )


def _impersonation(fields: Fields) -> Impersonation | None:
    extra = fields.below("as-user-extra")
    who = Impersonation(
        user=fields.text("as"),
        uid=fields.text("as-uid"),
        groups=fields.texts("as-groups"),
        extra=tuple((key, extra.texts(key)) for key in extra.names),
    )
    if who == Impersonation():
        return None
    if not who.user:
        raise Flaw("it asks for another uid, groups or extra without a user to act as", line=fields.line)
    return who


def _exec(fields: Fields, base_dir: Path | None) -> ExecSpec:
    version = fields.text("apiVersion")
    if version == f"{_API}v1alpha1":
        raise Flaw(
            "its exec plugin speaks client.authentication.k8s.io/v1alpha1, which Kubernetes has removed",
            line=fields.line_of("apiVersion"),
            advice="Update the plugin, and let its command line write the kubeconfig again.",
        )
    if version not in {f"{_API}v1", f"{_API}v1beta1"}:
        raise Flaw("its exec plugin names no supported apiVersion", line=fields.line_of("apiVersion"))
    if not fields.text("command"):
        raise Flaw("its exec plugin names no command", line=fields.line_of("command"))
    mode = fields.text("interactiveMode") or ("IfAvailable" if version.endswith("v1beta1") else "")
    if mode not in _MODES:
        raise Flaw(
            "interactiveMode of its exec plugin must be Never, IfAvailable or Always",
            line=fields.line_of("interactiveMode"),
        )
    return ExecSpec(
        api_version=version,
        command=fields.text("command"),
        args=fields.texts("args"),
        env=tuple(_variable(Fields(node, "an exec variable")) for node in fields.list("env")),
        interactive_mode=mode,
        provide_cluster_info=fields.flag("provideClusterInfo"),
        install_hint=fields.text("installHint"),
        base_dir=base_dir,
    )


def _variable(fields: Fields) -> tuple[str, str]:
    name, value = fields.text("name"), fields.text("value")
    if not name or "=" in name or "\0" in name + value:
        raise Flaw("a variable of its exec plugin has no valid name", line=fields.line)
    return name, value
