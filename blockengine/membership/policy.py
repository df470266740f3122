"""What a person decided about a volume, as it stands in its record's `policy`."""

from __future__ import annotations

import contextlib

from msgspec import Struct

_PACE, _UNDO = "pace:", "undo:"


class Budget(Struct, frozen=True):
    """How fast rebuilds and scrubs may go (`volume.pace`): bytes a second, 0 for any; a part of the time."""

    limit: int = 0
    share: float = 0.3


def with_budget(policy: str, budget: Budget) -> str:
    """The policy with this budget in place of another one."""
    others = [word for word in policy.split() if not word.startswith(_PACE)]
    return " ".join((*others, f"{_PACE}{budget.limit}:{budget.share}"))


def budget(policy: str) -> Budget | None:
    """The budget that a person set; None if nobody did, or a newer program wrote it otherwise."""
    for word in policy.split():
        limit, _, share = word.removeprefix(_PACE).partition(":")
        with contextlib.suppress(ValueError):
            if word.startswith(_PACE) and int(limit) >= 0 and 0 < float(share) <= 1:
                return Budget(int(limit), float(share))
    return None


def with_undo(policy: str, snapshot: int) -> str:
    """The policy with this snapshot (0: none) as the way back from a restore that is under way."""
    others = [word for word in policy.split() if not word.startswith(_UNDO)]
    return " ".join((*others, f"{_UNDO}{snapshot:x}") if snapshot else others)


def undo(policy: str) -> int:
    """The id of the snapshot of what a volume was before its restore began; 0 if there is none."""
    for word in policy.split():
        with contextlib.suppress(ValueError):
            if word.startswith(_UNDO):
                return int(word.removeprefix(_UNDO), 16)
    return 0
