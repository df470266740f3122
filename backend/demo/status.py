"""The API server's error answers: ``metav1.Status`` with the texts that the real server uses."""

from __future__ import annotations

from typing import Any

import msgspec


class ApiError(Exception):
    """A request that ends in a ``Status`` of kind Failure.

    ``code`` is the HTTP status, ``reason`` the machine-readable word of
    k8s.io/apimachinery/pkg/apis/meta/v1 ``StatusReason``.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.metadata = metadata or {}

    def body(self) -> dict[str, Any]:
        """The Status as the real server orders it."""
        status: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": self.metadata,
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details is not None:
            status["details"] = self.details
        status["code"] = self.code
        return status

    def encoded(self) -> bytes:
        return msgspec.json.encode(self.body()) + b"\n"


def qualified(group: str, plural: str) -> str:
    """``deployments.apps``, or ``pods`` for the core group: schema.GroupResource's form."""
    return f"{plural}.{group}" if group else plural


def _details(group: str, plural: str, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = plural
    return details


def not_found(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" not found'
    return ApiError(404, "NotFound", message, details=_details(group, plural, name))


def already_exists(group: str, plural: str, name: str) -> ApiError:
    message = f'{qualified(group, plural)} "{name}" already exists'
    return ApiError(409, "AlreadyExists", message, details=_details(group, plural, name))


def modified(group: str, plural: str, name: str) -> ApiError:
    """A stale resourceVersion in an update."""
    return conflict(
        group,
        plural,
        name,
        cause="the object has been modified; please apply your changes to the latest version and try again",
    )


def conflict(group: str, plural: str, name: str, *, cause: str) -> ApiError:
    message = f'Operation cannot be fulfilled on {qualified(group, plural)} "{name}": {cause}'
    return ApiError(409, "Conflict", message, details=_details(group, plural, name))


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequest", message)


def unauthorized() -> ApiError:
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(group: str, plural: str, name: str, why: str) -> ApiError:
    subject = qualified(group, plural) + (f' "{name}"' if name else "")
    return ApiError(403, "Forbidden", f"{subject} is forbidden: {why}", details=_details(group, plural, name))


def no_method() -> ApiError:
    text = "the server does not allow this method on the requested resource"
    return ApiError(405, "MethodNotAllowed", text, details={})


def no_resource() -> ApiError:
    """A resource that a served group version does not have."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", details={})


def expired(since: int, oldest: int) -> ApiError:
    return ApiError(410, "Expired", f"too old resource version: {since} ({oldest})")


def too_large_version(asked: int, current: int) -> ApiError:
    """A resourceVersion from the future: the server waits a little, then gives up with this."""
    return ApiError(
        504,
        "Timeout",
        f"Timeout: Too large resource version: {asked}, current: {current}",
        details={
            "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
            "retryAfterSeconds": 1,
        },
    )


def invalid(group: str, kind: str, name: str, causes: list[tuple[str, str, str]]) -> ApiError:
    """422 with causes of (reason, message, field), e.g. ("FieldValueRequired", "Required value", "spec")."""
    texts = [f"{field}: {message}" for _, message, field in causes]
    joined = texts[0] if len(texts) == 1 else "[" + ", ".join(texts) + "]"
    details: dict[str, Any] = {}
    if name:
        details["name"] = name
    if group:
        details["group"] = group
    details["kind"] = kind
    details["causes"] = [{"reason": r, "message": m, "field": f} for r, m, f in causes]
    qualified_kind = f"{kind}.{group}" if group else kind
    return ApiError(422, "Invalid", f'{qualified_kind} "{name}" is invalid: {joined}', details=details)


def unsupported_media(accepted: list[str]) -> ApiError:
    return ApiError(
        415,
        "UnsupportedMediaType",
        "the body of the request was in an unknown format - accepted media types include: "
        + ", ".join(accepted),
    )
