"""What the Logs screen says of its lines: how many, how their sources fare, why there are none."""

from __future__ import annotations

from collections import Counter

from backend.kube.status import State
from backend.observe.logs.desk import LogDesk
from backend.observe.logs.selection import LogSelection
from backend.observe.logs.sources import SourceState
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.log_pane import LogPane
from console.widgets.paint import Line, Piece

STATES = (
    (SourceState.OPEN, "●", Tone.OK),
    (SourceState.OPENING, "◐", Tone.PROGRESSING),
    (SourceState.WAITING, "◌", Tone.WARNING),
    (SourceState.STARTING, "◐", Tone.PROGRESSING),
    (SourceState.BETWEEN, "◐", Tone.PROGRESSING),
    (SourceState.BROKEN, "✖", Tone.FAILING),
    (SourceState.FORBIDDEN, "✖", Tone.FAILING),
    (SourceState.FAILED, "✖", Tone.FAILING),
    (SourceState.ENDED, "○", Tone.DIM),
    (SourceState.GONE, "○", Tone.DIM),
)
"""In the order they are told."""
_SEARCHED_AT_ONCE = 50_000


def whose(selection: LogSelection) -> str:
    """Whose logs these are, in few words."""
    first, *more = selection.queries
    names = [name.replace("[*]", "*").replace("[?]", "?") for name in first.names]
    rest = sum(max(1, len(query.names)) for query in more) + max(0, len(names) - 1)
    what = names[0] if names else first.labels or f"all {first.kind}"
    plain = not names or first.kind in ("pods", "po", "pod")
    kind = "" if plain else f"{first.kind.partition('.')[0]}/"
    return f"{kind}{what}" + (f" +{rest}" if rest else "")


def counts(desk: LogDesk, pane: LogPane) -> list[Piece]:
    """Lines shown, sources by state, what was dropped, where one stands; a narrow screen cuts the end."""
    states = Counter(source.state for source in desk.follower.sources)
    total, shown = desk.spool.end - desk.spool.first, len(desk.shown)
    facts = [Piece(f"{total:,} lines" if desk.shown.wanted.idle else f"{shown:,} of {total:,} lines")]
    facts += [Piece(f"{states[state]} {state.value}", tone) for state, _, tone in STATES if states[state]]
    if desk.spool.dropped:
        facts.append(Piece(f"{desk.spool.dropped:,} older dropped", Tone.WARNING))
    if desk.follower.late:
        facts.append(Piece(f"{desk.follower.late:,} out of order", Tone.DIM))
    if desk.shown.behind > _SEARCHED_AT_ONCE:
        facts.append(Piece(f"searching {desk.shown.behind:,}…", Tone.PROGRESSING))
    if not pane.following:
        below = max(0, shown - 1 - desk.shown.place(pane.cursor))
        facts.append(Piece(f"still, {below:,} below", Tone.KEY))
    return facts


def why_empty(desk: LogDesk, selection: LogSelection) -> list[Line]:
    """What stands where lines would be."""
    follower = desk.follower
    if desk.spool.end:
        hidden = f"{desk.spool.end - desk.spool.first:,} lines are here, none of them is shown."
        words = "Searching…" if desk.shown.behind else hidden
        return [(Piece(words, Tone.STRONG),), (Piece("esc takes the filter away.", Tone.DIM),)]
    lines: list[Line] = [(Piece(full_sentence(one), Tone.WARNING),) for one in follower.problems[:5]]
    for status in follower.statuses.values():
        if status.state not in (State.LIVE, State.SYNCING):
            lines.append((Piece(f"{status.detail} {status.advice}", Tone.WARNING),))
    for source in follower.sources[:8]:
        if source.detail:
            lines.append((Piece(f"{source.label}: {source.state.value}: {source.detail}", Tone.WARNING),))
    if follower.sources:
        told = "Nothing was written in that time" if selection.since else "Nothing was written yet"
        return [(Piece(f"{told}.", Tone.STRONG),), *lines]
    if follower.finding:
        return [(Piece("Looking for containers…", Tone.DIM),), *lines]
    return [(Piece("There is no such container.", Tone.STRONG),), *lines]
