"""What can go wrong with one cluster, said so that a person knows what happened and what to do next."""

from __future__ import annotations

from backend.text import SafeStr, safe_text


class KubeError(Exception):
    """An error of one cluster.

    ``cluster`` is its name, ``sentence`` what happened, ``advice`` the next step, ``detail`` the rest.
    """

    default_advice = "Look at the cluster's state, or try again."

    def __init__(self, cluster: str, sentence: object, *, advice: object = "", detail: object = "") -> None:
        self.cluster: SafeStr = safe_text(cluster)
        self.sentence: SafeStr = safe_text(sentence)
        self.advice: SafeStr = safe_text(advice or self.default_advice)
        self.detail: SafeStr = safe_text(detail, multiline=True)
        super().__init__(f"{self.cluster}: {self.sentence}")


class KubeconfigError(KubeError):
    """A kubeconfig (or its copy in the vault) says something unusable; ``cluster`` is the context."""

    default_advice = "Correct the kubeconfig and import it again."


class Unreachable(KubeError):
    """No connection: name resolution, refused, no route, proxy failed, connection lost."""

    default_advice = "Check the network, VPN or proxy, and that the API server runs."


class DeadlineExceeded(Unreachable):
    """The server (or the way to it) did not answer within the call's deadline."""


class TlsFailed(Unreachable):
    """The server's certificate can't be trusted, or ours was refused during the handshake."""

    default_advice = "Compare the certificate authority in the kubeconfig with the server's certificate."


class RedirectRefused(KubeError):
    """The server answered with a redirect. It is never followed: it could carry credentials elsewhere."""

    default_advice = "Put the API server's real address into the kubeconfig."


class BadResponse(KubeError):
    """The server said something that is not Kubernetes: broken JSON, a login page, a cut-off object."""

    default_advice = "Something between here and the API server answers in its place; look at the detail."


class Malformed(ValueError):
    """Bytes that are not the Kubernetes document they should be; the client turns it into BadResponse."""


class TooLarge(KubeError):
    """A list outgrew its budget of objects or bytes; nothing of it is kept."""

    default_advice = "Narrow it: a namespace (-n), a label (-l), or open the cluster alone."


class ApiError(KubeError):
    """The API server refused, with a Status.

    ``code`` is the HTTP status, ``reason`` the metav1.StatusReason, ``retry_after`` in seconds.
    """

    def __init__(
        self,
        cluster: str,
        sentence: object,
        *,
        code: int,
        reason: str = "",
        retry_after: float | None = None,
        causes: tuple[tuple[str, str, str], ...] = (),
        advice: object = "",
        detail: object = "",
    ) -> None:
        super().__init__(cluster, sentence, advice=advice, detail=detail)
        self.code = code
        self.reason = reason
        self.retry_after = retry_after
        self.causes = tuple((safe_text(r), safe_text(f), safe_text(m)) for r, f, m in causes)
        """(reason, field, message) of each cause."""


class Unauthorized(ApiError):
    """401: the credentials are missing, wrong or expired."""

    default_advice = "Log in again, or import a fresh kubeconfig for this cluster."


class Forbidden(ApiError):
    """403: known user, no right."""

    default_advice = "Ask the cluster's administrator for this right, or narrow the namespaces with -n."


class ImpersonationForbidden(Forbidden):
    """403 to the wish to act as somebody else: nothing was asked as them, and nothing as ourselves."""

    default_advice = "Ask for the right to impersonate, or act as yourself (without --as; in the console: U)."


class NotFound(ApiError):
    """404: no such object, or the server does not serve this kind."""


class Conflict(ApiError):
    """409: changed meanwhile, already there, or a precondition (uid, resourceVersion) did not hold."""

    default_advice = "Look at the object as it is now and decide again."


class Expired(ApiError):
    """410: the resource version or continue token is too old."""


class Invalid(ApiError):
    """400 or 422: the server refused the object or the request as malformed."""


class TooManyRequests(ApiError):
    """429: the server asks to wait ``retry_after`` seconds."""


class ServerFailed(ApiError):
    """5xx: the server (or an aggregated one behind it) failed."""


class CredentialError(KubeError):
    """No credential could be obtained: a plugin failed, a token file is missing or malformed."""


_NEEDS_LOGIN = "needs login: "


class ExecNotApproved(CredentialError):
    """The exec plugin was never approved, or the program, its arguments or its file changed since."""

    default_advice = "Review it: P in the console, or navarch cluster login"


class NeedsLogin(CredentialError):
    """Only a person can get the next credential (the plugin must prompt or open a browser)."""

    default_advice = "Log in: L in the console, or navarch cluster login"

    def __init__(self, cluster: str, sentence: object, *, advice: object = "", detail: object = "") -> None:
        said = str(sentence).removeprefix(_NEEDS_LOGIN)
        super().__init__(cluster, f"{_NEEDS_LOGIN}{said}", advice=advice, detail=detail)


class LoginGivenUp(NeedsLogin):
    """The person ended the login (ctrl-c)."""
