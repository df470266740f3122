"""Why a list of objects is empty, and what to press: it never says there is nothing where nobody answered."""

from __future__ import annotations

from collections.abc import Mapping

from backend.kube.status import State, Status
from backend.text import counted
from console.states import words, worst_first
from console.theme import Tone
from console.widgets.paint import Line, Piece

_LISTED = 8
"""Clusters named that are not live."""


def none_match(number: int, noun: str = "row") -> Line:
    """There is something; a filter hides it."""
    rest = "and it does not match" if number == 1 else "none of them matches"
    return (Piece(f"{counted(number, noun)}, {rest}.", Tone.STRONG),)


def why_no_rows(
    kind: str, *, hidden: int, statuses: Mapping[str, Status], names: Mapping[str, str]
) -> list[Line]:
    """``hidden``: rows that a filter leaves out; ``names``: of clusters, by id."""
    lines: list[Line] = []
    if hidden:
        lines.append(none_match(hidden))
        lines.append((Piece("Press esc to clear the filter, z for all rows.", Tone.DIM),))
    elif any(status.state is State.SYNCING for status in statuses.values()):
        lines.append((Piece("Waiting for the first rows…", Tone.STRONG),))
    elif not statuses:
        lines.append((Piece("No cluster in this fleet.", Tone.STRONG),))
        lines.append((Piece("Import some: navarch cluster import", Tone.DIM),))
    elif all(status.state is State.NOT_FOUND for status in statuses.values()):
        lines.append((Piece(f"No cluster here has a kind called {kind!r}.", Tone.STRONG),))
        said = dict.fromkeys(status.detail for status in statuses.values() if status.detail)
        lines += [(Piece(detail, Tone.DIM),) for detail in list(said)[:_LISTED]]
        lines.append((Piece("Press : for another one; tab completes kinds.", Tone.DIM),))
        return lines
    elif not any(status.state is State.LIVE for status in statuses.values()):
        lines.append((Piece(f"Whether there are {kind} here is not known.", Tone.STRONG),))
    else:
        lines.append((Piece(f"There are no {kind} here.", Tone.STRONG),))
        lines.append((Piece("Press : for another kind, namespace or cluster.", Tone.DIM),))
    return lines + _not_live(statuses, names)


def no_problems(*, well: int, statuses: Mapping[str, Status], names: Mapping[str, str]) -> list[Line]:
    """``well``: objects that were looked at. All is well only where every cluster answers."""
    waiting = any(status.state is State.SYNCING for status in statuses.values())
    silent = any(status.state is not State.LIVE for status in statuses.values())
    if not well:
        return why_no_rows("problems", hidden=0, statuses=statuses, names=names)
    said = "So far nothing" if waiting else "Of what is known, nothing" if silent else "Nothing"
    return [
        (Piece(f"{said} is failing or warning.", Tone.STRONG),),
        (Piece(f"{counted(well, 'object')} looked at; z shows them.", Tone.DIM),),
        *_not_live(statuses, names),
    ]


def _not_live(statuses: Mapping[str, Status], names: Mapping[str, str]) -> list[Line]:
    """Clusters of which nothing, or nothing new, is known."""
    lines: list[Line] = []
    troubled = [pair for pair in worst_first(statuses, names) if pair[1].state is not State.LIVE]
    if troubled:
        lines.append(())
        lines += [
            (Piece(name, Tone.STRONG), Piece(f"  {words(status)}")) for name, status in troubled[:_LISTED]
        ]
        lines.append((Piece("Press S for all states and what to do.", Tone.DIM),))
    return lines
