"""The last line: only the keys that work here, now; or, while typing a command, what could come next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual import events
from textual.binding import ActiveBinding

from backend.text import cells
from console.keymap import shown
from console.theme import Tone
from console.widgets.lines import LineWidget
from console.widgets.paint import Line, Piece, line_width, piece_at
from console.widgets.target import Target, targets_on


class KeyLine(LineWidget):
    """Built from the screen's active bindings, so that it can't promise a key that does nothing."""

    def __init__(self, labels: Callable[[], Mapping[str, str]] = dict) -> None:
        """``labels``: by an action's id, where the registry's word does not fit now."""
        super().__init__()
        self._labels = labels
        self._candidates: Sequence[object] | None = None
        self._held = False
        self._spots: dict[int, ActiveBinding] = {}
        """What a click on a piece does; by the piece's identity."""

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.sync())

    def hold(self) -> None:
        """Stay as it is until something else is offered: what lies above leaves it in sight."""
        self._held = True

    def sync(self) -> None:
        if not self._held:
            super().sync()

    def targets(self) -> list[Target]:
        """The keys that are shown; going to one does what it does."""
        if self._candidates is not None or not self.lines:
            return []
        return targets_on(self.lines[0], self._spots, self._press)

    def _press(self, bound: ActiveBinding) -> None:
        self.app.call_later(self.app.run_action, bound.binding.action, bound.node)

    def offer(self, candidates: Sequence[object] | None) -> None:
        """Show these completions instead of keys; None: keys again."""
        self._held = False
        self._candidates = candidates
        self.sync()

    def compose_lines(self, width: int, height: int) -> list[Line]:
        if self._candidates is not None:
            return [self._completions(width)]
        line = keys_line(self.keys(), width)
        self._spots = {}
        for key, label in zip(line[1::3], line[2::3], strict=False):
            bound = self._bound.get((str(key.text), str(label.text)[1:]))
            if bound is not None:
                self._spots |= {id(key): bound, id(label): bound}
        return [line]

    def keys(self) -> list[tuple[str, str]]:
        """(key, label) of what works now, in the registry's order of importance."""
        found: dict[str, tuple[int, str, str]] = {}
        labels = self._labels()
        self._bound: dict[tuple[str, str], ActiveBinding] = {}
        for key, active in self.screen.active_bindings.items():
            action = self.navarch.actions.get(active.binding.id or "")
            if action is not None and action.bar and active.enabled and action.id not in found:
                label = labels.get(action.id, action.label)
                found[action.id] = (action.bar, shown(key), label)
                self._bound[shown(key), label] = active
        return [(key, label) for _, key, label in sorted(found.values())]

    def on_click(self, event: events.Click) -> None:
        """A key is pressed by a click on it."""
        event.stop()
        if self._candidates is not None or not self.lines:
            return
        piece = piece_at(self.lines[0], event.x)
        bound = self._spots.get(id(piece))
        if bound is not None:
            self._press(bound)

    def _completions(self, width: int) -> Line:
        pieces: list[Piece] = [Piece(" ")]
        for index, candidate in enumerate(self._candidates or ()):
            piece = Piece(candidate, Tone.KEY if index == 0 else Tone.TEXT)
            if line_width(pieces) + piece.width + 3 > width:
                pieces.append(Piece("…", Tone.DIM))
                break
            pieces += [piece, Piece("  ")]
        return tuple(pieces)


def keys_line(keys: Sequence[tuple[str, str]], width: int) -> Line:
    """The keys that fit; what is general (at the end) stays, what is special is left out first."""
    kept = list(keys)
    while kept and _needed(kept) > width:
        # The general keys stand last; drop from the end of the special ones, keep command, filter, help.
        special = max((i for i, (_, label) in enumerate(kept) if label not in _GENERAL), default=0)
        del kept[special]
    pieces: list[Piece] = [Piece(" ")]
    for key, label in kept:
        pieces += [Piece(key, Tone.KEY), Piece(f" {label}", Tone.DIM), Piece("  ")]
    return tuple(pieces)


_GENERAL = frozenset({"open", "back", "command", "filter", "help", "find", "cancel", "close", "choose"})


def _needed(keys: Sequence[tuple[str, str]]) -> int:
    return 1 + sum(cells(key) + len(label) + 3 for key, label in keys)
