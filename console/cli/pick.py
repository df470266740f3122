"""Finds the one object a command means; when several could be meant, lists them and guesses nothing."""

from __future__ import annotations

from collections.abc import Sequence

from backend.fleet.fleet import Fleet
from backend.fleet.objects import Found, find
from backend.fleet.query import Query
from console.cli.exits import Exit
from console.cli.failures import say

_LISTED = 20


class NothingFound(LookupError):
    """No object of that name; says where it was looked for."""

    def __init__(self, query: Query, *, failed: int) -> None:
        names = ", ".join(query.names)
        self.exit_code = Exit.FAILED if failed else Exit.NOTHING
        self.sentence = f"there is no {query.kind} {names} on the clusters that answered"
        self.advice = "Look with: navarch get " + query.kind
        super().__init__(self.sentence)


class Ambiguous(LookupError):
    """Several objects bear the name."""

    exit_code = Exit.USAGE

    def __init__(self, found: Sequence[Found]) -> None:
        self.sentence = f"{len(found)} objects could be meant"
        lines = [f"    {one.place}" for one in found[:_LISTED]]
        more = [f"    and {len(found) - _LISTED} more"] if len(found) > _LISTED else []
        self.advice = "\n".join(["Say which, with -c CLUSTER and -n NAMESPACE:", *lines, *more])
        super().__init__(self.sentence)


async def pick_all(fleet: Fleet, query: Query, *, timeout: float) -> tuple[list[Found], int]:
    """Every object the query names, and how many clusters failed (each was told on stderr)."""
    found, errors = await find(fleet.select(query.clusters), query, timeout=timeout)
    for error in errors:
        say(f"{error.cluster}: {error.sentence}", error.advice)
    if not found:
        raise NothingFound(query, failed=len(errors))
    return found, len(errors)


async def pick_one(fleet: Fleet, query: Query, *, timeout: float) -> tuple[Found, int]:
    """The one object meant. Raises NothingFound or Ambiguous."""
    found, failed = await pick_all(fleet, query, timeout=timeout)
    if len(found) > 1:
        raise Ambiguous(found)
    return found[0], failed
