"""A user's ``auth-provider: oidc``, served by kubelogin in its place.

kubectl itself refreshes the tokens of such an entry and writes the new ones into the kubeconfig; providers
take a refresh token once only. Whoever else uses it leaves kubectl with a dead one. So its tokens are not
touched: kubelogin (``kubectl oidc-login``), once a person approved it, gets its own from the same issuer.

Source of the keys: client-go, plugin/pkg/client/auth/oidc.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from backend.kube.access import ExecSpec
from backend.kube.kubeconfig.fields import Fields
from backend.kube.kubeconfig.reader import Flaw

PROGRAM = "kubectl-oidc_login"
"""How kubelogin is called as a plugin of kubectl; Azure's program of the name kubelogin is another."""
_HINT = "Install kubelogin (kubectl krew install oidc-login), and see that kubectl-oidc_login is on PATH."


def kubelogin(config: Fields, *, line: int | None) -> ExecSpec:
    """The exec plugin that stands for an ``auth-provider: oidc``. Raises Flaw."""
    issuer, client = config.text("idp-issuer-url"), config.text("client-id")
    if urlsplit(issuer).scheme != "https" or not client:
        raise Flaw("its auth-provider (oidc) names no https issuer, or no client", line=line)
    if config.text("client-secret"):
        raise Flaw(
            "its auth-provider (oidc) has a client secret, which kubelogin takes only as an argument, where "
            "every program of this machine can read it",
            line=line,
            advice="If that is all right, write it so yourself: kubectl oidc-login setup "
            "--oidc-issuer-url ISSUER --oidc-client-id ID prints the exec section to use.",
        )
    arguments = ["get-token", f"--oidc-issuer-url={issuer}", f"--oidc-client-id={client}"]
    scopes = (scope.strip() for scope in config.text("extra-scopes").split(","))
    arguments += [f"--oidc-extra-scope={scope}" for scope in scopes if scope]
    for key in ("certificate-authority", "certificate-authority-data"):
        if value := config.text(f"idp-{key}"):
            arguments.append(f"--{key}={value}")
    return ExecSpec(
        api_version="client.authentication.k8s.io/v1",
        command=PROGRAM,
        args=tuple(arguments),
        interactive_mode="IfAvailable",
        install_hint=_HINT,
    )
