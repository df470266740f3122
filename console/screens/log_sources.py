"""Where log lines come from: each container's state, rate and lines; and whose lines are shown."""

from __future__ import annotations

from collections.abc import Callable

from textual import on
from textual.widget import Widget

from backend.observe.logs.desk import LogDesk
from backend.observe.logs.sources import Source
from backend.text import SafeStr, cells
from console.screens.dialog import DialogScreen
from console.screens.log_facts import STATES
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.log_lines import LogLook, label, tone_of
from console.widgets.paint import Piece
from console.widgets.table_layout import squeeze
from console.widgets.text_block import TextBlock

_BARS = "▁▂▃▄▅▆▇█"
_ASCII_BARS = "_.-=+*#@"
_WIDTH = 12
_NARROW, _NARROW_NAME, _NAME = 120, 22, 44
_STATES = {state: (glyph, tone) for state, glyph, tone in STATES}
Chosen = Callable[[frozenset[int] | None], None]


class LogSourcesScreen(DialogScreen[None]):
    """Space switches a source; enter shows one alone, or all again. Live: states and rates follow."""

    title_text = "Sources"
    broad = True
    decides = False
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, desk: LogDesk, shown: frozenset[int] | None, chosen: Chosen) -> None:
        super().__init__()
        self._desk = desk
        self._shown = shown
        self._chosen = chosen

    def inside(self) -> list[Widget]:
        return [TextBlock(id="heading"), ChoiceList(self._choices()), TextBlock([()], id="facts")]

    def on_mount(self) -> None:
        self._tell()
        self.set_interval(1.0, self._tell)

    def _tell(self) -> None:
        words = "space switches one, enter shows one alone (again: all of them)"
        self.query_one("#heading", TextBlock).tell([(Piece(words, Tone.DIM),), ()])
        self.query_one(ChoiceList).tell(self._choices())
        self._explain()

    def _choices(self) -> list[Choice]:
        return [self._choice(source) for source in self._desk.follower.sources]

    def _choice(self, source: Source) -> Choice:
        glyph, tone = _STATES[source.state]
        bars = sparkline(list(source.rates), _WIDTH, ascii_only=not self.navarch.traits.unicode)
        return Choice(
            key=source.number,
            text=(
                Piece(f"{glyph} {source.state.value:10} ", tone),
                Piece(self._called(source), tone_of(source)),
                Piece(f"  resumed {source.resumed}×" if source.resumed else "", Tone.WARNING),
            ),
            right=(
                Piece(f"{bars} ", Tone.DIM),
                Piece(f"{source.last_second:>6,}/s {source.lines:>10,}"),
            ),
            on=self._shown is None or source.number in self._shown,
        )

    def _called(self, source: Source) -> SafeStr:
        """What tells it from the others, in the room there is; all of its names stand below the list."""
        look = LogLook()
        look.learn(self._desk.follower.sources, width=self.app.size.width)
        name = label(source, look.label_parts or ("pod", "name"))
        room = _NARROW_NAME if self.app.size.width < _NARROW else _NAME
        return squeeze(name, room, middle=True) if cells(name) > room else name

    @on(ChoiceList.Highlighted)
    def _explain(self) -> None:
        current = self.query_one(ChoiceList).current
        if current is None:
            return
        source = self._desk.follower.sources[int(str(current.key))]
        said = source.detail or (f"on {source.node}" if source.node else source.state.value)
        self.query_one("#facts", TextBlock).tell([(), (Piece(f"{source.label}: {said}", Tone.DIM),)])

    @on(ChoiceList.Toggled)
    def _switched(self, event: ChoiceList.Toggled) -> None:
        number = int(str(event.choice.key))
        every = frozenset(source.number for source in self._desk.follower.sources)
        shown = (self._shown if self._shown is not None else every) ^ {number}
        self._show(None if shown == every else shown)

    @on(ChoiceList.Chosen)
    def _alone(self, event: ChoiceList.Chosen) -> None:
        alone = frozenset({int(str(event.choice.key))})
        self._show(None if self._shown == alone else alone)
        self.dismiss(None)

    def _show(self, shown: frozenset[int] | None) -> None:
        self._shown = shown
        self._chosen(shown)
        self.query_one(ChoiceList).tell(self._choices())


def sparkline(counts: list[int], width: int, *, ascii_only: bool = False) -> SafeStr:
    """The latest ``width`` numbers as bars, blank where there were none; the highest is the tallest."""
    latest = counts[-width:]
    most = max(latest, default=0)
    bars = _ASCII_BARS if ascii_only else _BARS
    drawn = "".join(" " if not n else bars[min(7, n * 7 // most)] for n in latest)
    return SafeStr(drawn.rjust(width))
