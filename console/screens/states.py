"""Every cluster's state, worst first: since when, why, and what to do about it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual.widget import Widget

from backend.kube.status import State, Status
from console.screens.dialog import DialogScreen
from console.states import STATES, coverage
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_ADVICE = {
    State.AUTH: "Log in: navarch cluster login",
    State.UNREACHABLE: "Check the network, VPN or proxy; Navarch keeps trying.",
    State.FORBIDDEN: "Ask for the right to list this kind, or name namespaces: -n",
    State.TOO_LARGE: "Narrow it with -n or -l.",
    State.STALE: "The rows are those of the last success; Navarch reconnects by itself.",
    State.NOT_FOUND: "This cluster does not serve this kind.",
}


class StatesScreen(DialogScreen[None]):
    title_text = "Clusters"
    broad = True

    def __init__(self, pairs: Sequence[tuple[str, Status]]) -> None:
        super().__init__()
        self._pairs = pairs

    def inside(self) -> list[Widget]:
        lines: list[Line] = [(Piece(coverage(status for _, status in self._pairs).text, Tone.STRONG),), ()]
        for name, status in self._pairs:
            lines += self._cluster(name, status)
        return [TextBlock(lines)]

    def _cluster(self, name: str, status: Status) -> list[Line]:
        glyph, tone = STATES[status.state]
        since = time.strftime("%H:%M:%S", time.localtime(status.since))
        first: Line = (
            Piece(f"{glyph} ", tone),
            Piece(name, Tone.STRONG),
            Piece(f"  {status.state.value}", tone),
            Piece(f"  since {since}", Tone.DIM),
            *(
                (Piece(f"  {status.skipped} objects could not be read", Tone.WARNING),)
                if status.skipped
                else ()
            ),
        )
        rest: list[Line] = []
        if status.detail:
            rest.append((Piece(f"  {status.detail}"),))
        if status.state in _ADVICE:
            rest.append((Piece(f"  {_ADVICE[status.state]}", Tone.DIM),))
        return [first, *rest]
