"""All that is known of one cluster: each number with its age, and why one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from textual.widget import Widget

from backend.fleet.summary import ClusterSummary
from backend.fleet.summary_columns import cores, left, memory
from backend.resources.duration import human_duration
from console.screens.dialog import DialogScreen
from console.states import HEALTH, STATES, words
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_LABEL = 13
_KUBELETS = 6
"""Versions of kubelets that are listed."""


class ClusterFactsScreen(DialogScreen[None]):
    decides = False
    broad = True

    def __init__(self, summary: ClusterSummary, *, now: float) -> None:
        super().__init__()
        self.title_text = summary.name
        self._summary = summary
        self._now = now

    def inside(self) -> list[Widget]:
        return [TextBlock(list(facts(self._summary, self._now)))]


def facts(summary: ClusterSummary, now: float) -> Iterator[Line]:
    """In lines, the gravest first."""
    glyph, tone = STATES[summary.status.state]
    yield (Piece(f"{glyph} ", tone), Piece(words(summary.status), tone))
    glyph, tone = HEALTH[summary.health(now)]
    for concern in summary.concerns(now):
        yield (Piece(f"{glyph} ", tone), Piece(concern))
    yield ()
    yield from _versions(summary)
    yield from _load(summary)
    yield from _expiries(summary, now)
    yield _fact("counted", _age(summary, now))
    yield _fact("tags", " ".join(f"#{tag}" for tag in summary.tags) or "none")
    yield _fact("groups", " ".join(f"@{group}" for group in summary.groups) or "none")
    yield _fact("guard", summary.guard or "none: changes ask once")


def _versions(summary: ClusterSummary) -> Iterator[Line]:
    distance = f", {summary.behind} minor versions behind the fleet's newest" if summary.behind else ""
    yield _fact("server", (summary.version or "not known yet") + distance)
    for version, count in summary.kubelets[:_KUBELETS]:
        yield _fact("kubelets", f"{version} on {count} node{'' if count == 1 else 's'}")
    if summary.no_nodes:
        yield _fact("nodes", summary.no_nodes)
    if len(summary.kubelets) > _KUBELETS:
        yield _fact("", f"and {len(summary.kubelets) - _KUBELETS} more versions")


def _load(summary: ClusterSummary) -> Iterator[Line]:
    used, room = summary.used, summary.room
    for label, what, written in (("CPU", "cpu", cores), ("memory", "memory", memory)):
        if room is None:
            yield _fact(
                label, f"no metrics here: {summary.no_metrics}" if summary.no_metrics else "not known yet"
            )
        elif used is None:
            yield _fact(
                label, f"{written(getattr(room, what))} allocatable; no metrics here: {summary.no_metrics}"
            )
        else:
            share = round(100 * (summary.share(what) or 0.0))
            yield _fact(
                label, f"{written(getattr(used, what))} of {written(getattr(room, what))} used ({share}%)"
            )


def _expiries(summary: ClusterSummary, now: float) -> Iterator[Line]:
    for label, ends in (
        ("certificate", summary.expiry.client_certificate),
        ("token", summary.expiry.token),
        ("server cert.", summary.expiry.server_certificate),
    ):
        if ends is not None:
            when = datetime.fromtimestamp(ends, UTC).strftime("%Y-%m-%d %H:%M UTC")
            yield _fact(label, f"until {when} ({left(ends, now)})")


def _age(summary: ClusterSummary, now: float) -> str:
    if summary.live_counts:
        return "live: nodes and pods are watched"
    if summary.seen is None:
        return "not yet"
    return f"{human_duration(max(0.0, now - summary.seen))} ago; looked at now and then"


def _fact(label: str, text: object) -> Line:
    return (Piece(label.ljust(_LABEL), Tone.DIM), Piece(text))
