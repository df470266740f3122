"""What state a cluster is in, when an error or several feeds have to be put into one word."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from backend.kube.errors import CredentialError, Forbidden, KubeError, NotFound, Unauthorized
from backend.kube.status import State, Status
from backend.text import safe_text

_WORST_FIRST = (
    State.AUTH,
    State.UNREACHABLE,
    State.TOO_LARGE,
    State.STALE,
    State.SYNCING,
    State.NOT_FOUND,
    State.LIVE,
)


def state_of(error: KubeError) -> Status:
    """The state that an error of a whole cluster means."""
    match error:
        case Unauthorized() | CredentialError():
            state = State.AUTH
        case Forbidden():
            state = State.FORBIDDEN
        case NotFound():
            state = State.NOT_FOUND
        case _:
            state = State.UNREACHABLE
    return Status(state=state, since=time.time(), detail=safe_text(f"{error.sentence}. {error.advice}"))


def merged(statuses: Sequence[Status], namespaces: Sequence[str], *, limited: str = "") -> Status:
    """One state for the feeds of one cluster (one per namespace, in the same order).

    The worst counts, but a namespace that is forbidden only shows in the detail while others are allowed.
    ``limited`` says why not all namespaces are asked.
    """
    if len(statuses) == 1 and not limited:
        return statuses[0]
    allowed = [status for status in statuses if status.state is not State.FORBIDDEN]
    if not allowed:
        return replace(statuses[0], detail=safe_text("; ".join(filter(None, (statuses[0].detail, limited)))))
    worst = min(allowed, key=lambda status: _WORST_FIRST.index(status.state))
    refused = [
        name for name, status in zip(namespaces, statuses, strict=False) if status.state is State.FORBIDDEN
    ]
    words = (worst.detail, limited, "forbidden: " + ", ".join(refused) if refused else "")
    successes = [status.last_success for status in allowed if status.last_success is not None]
    return replace(
        worst,
        detail=safe_text("; ".join(word for word in words if word)),
        last_success=min(successes) if successes else None,
        skipped=sum(status.skipped for status in statuses),
    )
