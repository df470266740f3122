"""What state a cluster is in, when an error or several feeds have to be put into one word."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.fleet.coverage import Coverage, listed, short, told
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


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """What one feed of a cluster says: of one kind, in one namespace or in all."""

    kind: str
    namespace: str | None
    status: Status
    fallback: bool = False
    """The namespace is asked because listing all of them is forbidden."""


def merged(feeds: Sequence[FeedState]) -> Status:
    """One state for the feeds of one cluster.

    The worst counts, but what is forbidden only shows in the detail, and in ``covers``, while something else
    is allowed.
    """
    if len(feeds) == 1 and not feeds[0].fallback:
        return feeds[0].status
    statuses = [feed.status for feed in feeds]
    allowed = [status for status in statuses if status.state is not State.FORBIDDEN]
    if not allowed:
        return _nothing(feeds)
    worst = min(allowed, key=lambda status: _WORST_FIRST.index(status.state))
    seen = _coverages(feeds)
    words = (worst.detail, told(seen))
    successes = [status.last_success for status in allowed if status.last_success is not None]
    return replace(
        worst,
        detail=safe_text("; ".join(word for word in words if word)),
        covers=short(seen),
        last_success=min(successes) if successes else None,
        skipped=sum(status.skipped for status in statuses),
    )


def _nothing(feeds: Sequence[FeedState]) -> Status:
    """Forbidden wherever it was asked."""
    first = feeds[0].status
    if len({feed.status.detail for feed in feeds}) == 1:
        return first  # one reason for all: it is not about namespaces
    asked = listed([feed.namespace for feed in feeds if feed.namespace])
    everywhere = ", and everywhere at once" if any(feed.fallback for feed in feeds) else ""
    kinds = listed(list(dict.fromkeys(feed.kind for feed in feeds)))
    return replace(first, detail=safe_text(f"{kinds}: forbidden in {asked}{everywhere}. {first.detail}"))


def _coverages(feeds: Sequence[FeedState]) -> list[Coverage]:
    """Per kind, in the feeds' order."""
    by_kind: dict[str, list[FeedState]] = {}
    for feed in feeds:
        by_kind.setdefault(feed.kind, []).append(feed)
    found = []
    for kind, ones in by_kind.items():
        fine = [one for one in ones if one.status.state is not State.FORBIDDEN]
        found.append(
            Coverage(
                kind=kind,
                everywhere=any(one.namespace is None for one in fine),
                allowed=tuple(one.namespace for one in fine if one.namespace),
                refused=tuple(one.namespace for one in ones if one.namespace and one not in fine),
                fallback=any(one.fallback for one in ones),
            )
        )
    return found
