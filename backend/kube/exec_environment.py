"""What an exec credential plugin is told: a chosen part of our environment, and KUBERNETES_EXEC_INFO.

Of our own environment it gets only what such plugins are known to need. A kubeconfig may declare more, but
not what makes a program load other code than the one that was approved.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping

from backend.kube.access import ClusterAccess, ExecSpec

_PASSED = frozenset(
    {
        *("HOME", "PATH", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TERM"),
        *("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "BROWSER", "DBUS_SESSION_BUS_ADDRESS"),
        *("SSH_AUTH_SOCK", "SSH_CONNECTION", "GPG_TTY", "GNUPGHOME", "KRB5CCNAME", "KRB5_CONFIG"),
        *("KUBECONFIG", "KUBECACHEDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    }
)
# The settings of the clouds' and identity providers' command lines.
_PASSED_PREFIXES = (
    *("LC_", "XDG_", "AWS_", "AZURE_", "AAD_", "ARM_", "CLOUDSDK_", "GOOGLE_", "GCLOUD_", "OCI_", "OS_"),
    *("DIGITALOCEAN_", "IBMCLOUD_", "TELEPORT_", "TSH_", "VAULT_", "OKTA_", "OIDC_", "KUBELOGIN_"),
)
_WINDOWS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
_LOADER = re.compile(
    r"LD_.*|DYLD_.*|PYTHON.*|PERL.*|RUBY.*|NODE_(OPTIONS|PATH|EXTRA_CA_CERTS)|(_|JDK_)?JAVA_.*|CLASSPATH|"
    r"BASH_ENV|BASH_FUNC_.*|ENV|IFS|PATH|PS4|SHELLOPTS|BASHOPTS|GCONV_PATH|GLIBC_TUNABLES|MALLOC_.*|"
    r"LOCPATH|HOSTALIASES|RES_OPTIONS|OPENSSL_(CONF|MODULES|ENGINES)|SSLKEYLOGFILE|GODEBUG|LUA_.*|"
    r"NAVARCH_.*|KUBERNETES_EXEC_INFO",
    re.IGNORECASE,
)


def loader_variables(spec: ExecSpec) -> tuple[str, ...]:
    """The declared variables that are not passed on, for the review."""
    return tuple(name for name, _ in spec.env if _LOADER.fullmatch(name))


def environment(
    spec: ExecSpec, access: ClusterAccess, *, interactive: bool, environ: Mapping[str, str]
) -> dict[str, str]:
    """The plugin's whole environment."""
    passed = {k: v for k, v in environ.items() if k in _PASSED or k.startswith(_PASSED_PREFIXES)}
    if not interactive and spec.interactive_mode != "Never":
        for name in _WINDOWS:  # nobody asked for it: no browser may open by itself
            passed.pop(name, None)
    passed |= {name: value for name, value in spec.env if not _LOADER.fullmatch(name)}
    passed["KUBERNETES_EXEC_INFO"] = exec_info(spec, access, interactive=interactive)
    return passed


def exec_info(spec: ExecSpec, access: ClusterAccess, *, interactive: bool) -> str:
    """The ExecCredential that the plugin reads (client.authentication.k8s.io, ExecCredentialSpec)."""
    told: dict[str, object] = {"interactive": interactive}
    if spec.provide_cluster_info:
        told["cluster"] = _cluster(spec, access)
    return json.dumps({"apiVersion": spec.api_version, "kind": "ExecCredential", "spec": told})


def _cluster(spec: ExecSpec, access: ClusterAccess) -> dict[str, object]:
    cluster: dict[str, object] = {
        "server": access.server,
        "tls-server-name": access.tls_server_name,
        "insecure-skip-tls-verify": access.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(access.ca_pem or b"").decode(),
        "proxy-url": access.proxy_url,
        "disable-compression": access.disable_compression,
    }
    told = {key: value for key, value in cluster.items() if value}
    if spec.cluster_config is not None:
        told["config"] = json.loads(spec.cluster_config)
    return told
