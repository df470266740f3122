"""metav1.Status: how an API server says no, turned into our errors."""

from __future__ import annotations

import msgspec

from backend.kube.errors import (
    ApiError,
    Conflict,
    Expired,
    Forbidden,
    Invalid,
    NotFound,
    ServerFailed,
    TooManyRequests,
    Unauthorized,
)

RESOURCE_VERSION_TOO_LARGE = "ResourceVersionTooLarge"


class StatusCause(msgspec.Struct, frozen=True):
    reason: str = ""
    field: str = ""
    message: str = ""


class StatusDetails(msgspec.Struct, frozen=True, rename="camel"):
    name: str = ""
    group: str = ""
    kind: str = ""
    uid: str = ""
    causes: list[StatusCause] | None = None
    retry_after_seconds: float | None = None


class ApiStatus(msgspec.Struct, frozen=True):
    """The fields of metav1.Status that decide what to do next."""

    kind: str = ""
    status: str = ""
    message: str = ""
    reason: str = ""
    code: int = 0
    details: StatusDetails | None = None

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asks to wait; None: it does not say."""
        seconds = self.details.retry_after_seconds if self.details else None
        return seconds if seconds and seconds > 0 else None

    @property
    def causes(self) -> tuple[tuple[str, str, str], ...]:
        found = (self.details.causes if self.details else None) or ()
        return tuple((cause.reason, cause.field, cause.message) for cause in found)


_decoder = msgspec.json.Decoder(ApiStatus)


def parse_status(body: bytes) -> ApiStatus | None:
    """The Status in a response's body, or None when the body is something else."""
    try:
        status = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return status if status.kind == "Status" else None


def error_for(
    cluster: str, code: int, status: ApiStatus | None, *, what: str, retry_after: float | None = None
) -> ApiError:
    """The error for an HTTP ``code`` (or an in-stream ERROR event) and the Status that came with it.

    ``what`` names the act and object, "delete pod pay/web-1": it opens the sentence, so that a person who
    sees only the sentence knows what failed. ``retry_after``: the header, when the body has none.
    """
    reason = status.reason if status else ""
    message = status.message if status else ""
    waits = (status.retry_after if status else None) or retry_after
    sentence = f"{what}: {message or reason or f'the API server answered {code}'}"
    if waits and code in {429, 503, 504}:
        sentence += f" (it asks to wait {waits:g} s)"
    return _class_for(code)(
        cluster, sentence, code=code, reason=reason, retry_after=waits, causes=status.causes if status else ()
    )


def too_large(error: ApiError) -> bool:
    """Whether the server does not know the resource version *yet* (504 with that cause).

    Source: apiserver's storage.NewTooLargeResourceVersionError; happens behind a load balancer when the
    next API server lags, and after an etcd restore.
    """
    return error.code in {504, 500} and any(
        reason == RESOURCE_VERSION_TOO_LARGE for reason, _, _ in error.causes
    )


_BY_CODE: dict[int, type[ApiError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    412: Conflict,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def _class_for(code: int) -> type[ApiError]:
    return _BY_CODE.get(code) or (ServerFailed if code >= 500 else ApiError)
