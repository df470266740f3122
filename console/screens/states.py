"""Every cluster's state, worst first: since when, why, and what to do about it; enter shows all of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from textual import on
from textual.widget import Widget

from backend.fleet.member import Member
from backend.kube.status import State, Status
from backend.text import SafeStr
from console.actions import Scope
from console.keymap import bindings
from console.screens.dialog import DialogScreen
from console.states import STATES, coverage
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_ADVICE = {
    State.UNREACHABLE: "Check the network, VPN or proxy; Navarch keeps trying.",
    State.FORBIDDEN: "Ask for the right to list this kind, or name namespaces: -n",
    State.TOO_LARGE: "Narrow it with -n or -l.",
    State.STALE: "The rows are those of the last success; Navarch reconnects by itself.",
    State.NOT_FOUND: "This cluster does not serve this kind.",
}
_MORE_LINES = 20
_LOOK_AGAIN = 0.5
"""Seconds."""


class StatesScreen(DialogScreen[None]):
    """The cursor's cluster is explained below the list; both follow what the clusters do meanwhile."""

    BINDINGS = bindings(Scope.STATES)
    decides = False
    title_text = "Clusters"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(self, pairs: Callable[[], Sequence[tuple[str, Status]]]) -> None:
        """``pairs``: every cluster's name (unique) and state now, the worst first."""
        super().__init__()
        self._look = pairs
        self._pairs = pairs()

    def inside(self) -> list[Widget]:
        return [TextBlock(id="heading"), ChoiceList(self._choices()), TextBlock([()], id="facts")]

    def on_mount(self) -> None:
        self._tell()
        self.set_interval(_LOOK_AGAIN, self._follow)

    def _follow(self) -> None:
        now = self._look()
        if now and now != self._pairs:
            self._pairs = now
            self.query_one(ChoiceList).tell(self._choices())
            self._tell()
            self.refresh_bindings()

    def _tell(self) -> None:
        heading = coverage(status for _, status in self._pairs).text
        self.query_one("#heading", TextBlock).tell([(Piece(heading, Tone.STRONG),), ()])
        self._explain()

    def _choices(self) -> list[Choice]:
        return [_choice(name, status) for name, status in self._pairs]

    @property
    def _current(self) -> tuple[str, Status]:
        current = self.query_one(ChoiceList).current
        return next(pair for pair in self._pairs if current is None or pair[0] == current.key)

    @on(ChoiceList.Highlighted)
    def _explain(self) -> None:
        name, status = self._current
        lines: list[Line] = [(), (Piece(status.detail or status.state.value),)]
        advice = self._advice(name, status)
        if advice:
            lines.append((Piece(advice, Tone.KEY),))
        self.query_one("#facts", TextBlock).tell(lines)

    def _advice(self, name: str, status: Status) -> str:
        if status.state is State.AUTH:
            member = self._member(name)
            if member is not None:
                return self.navarch.session.login_advice(member)
        return status.advice or _ADVICE.get(status.state, "")

    def _member(self, name: str) -> Member | None:
        return next((member for member in self.navarch.members if member.name == name), None)

    @on(ChoiceList.Chosen)
    def _open(self) -> None:
        name, status = self._current
        self.app.push_screen(StateScreen(name, status, advice=self._advice(name, status)))

    def action_connect_again(self) -> None:
        self.dismiss(None)
        self.navarch.action_connect_again()

    def action_log_in(self) -> None:
        from console.screens.login import start_login

        member = self._member(self._current[0])
        if member is not None:
            self.dismiss(None)
            start_login(self.navarch, [member.id])

    def action_programs(self) -> None:
        self.dismiss(None)
        self.navarch.action_programs()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "programs":
            return bool(self.navarch.programs)
        if action == "log_in":
            member = self._member(self._current[0]) if self.is_mounted else None
            return member is not None and member.access.exec is not None
        if action == "connect_again":
            return any(status.state is not State.LIVE for _, status in self._pairs)
        return super().check_action(action, parameters)


class StateScreen(DialogScreen[None]):
    """One cluster's state in full: with what a plugin or a server said last."""

    decides = False
    broad = True

    def __init__(self, name: str, status: Status, *, advice: str) -> None:
        super().__init__()
        self.title_text = name
        self.danger = status.state in (State.AUTH, State.UNREACHABLE)
        self._status = status
        self._advice = advice

    def inside(self) -> list[Widget]:
        status = self._status
        glyph, tone = STATES[status.state]
        lines: list[Line] = [
            (Piece(f"{glyph} ", tone), Piece(status.state.value, tone), Piece(_since(status), Tone.DIM)),
        ]
        if status.last_success is not None:
            when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(status.last_success))
            lines.append((Piece("answered ", Tone.DIM), Piece(when)))
        if status.skipped:
            skipped = f"{status.skipped} objects could not be read and are not shown"
            lines.append((Piece(skipped, Tone.WARNING),))
        if status.detail:
            lines += [(), (Piece(status.detail, Tone.STRONG),)]
        if self._advice:
            lines.append((Piece("next     ", Tone.DIM), Piece(self._advice)))
        if status.more:
            lines.append(())
            lines += [(Piece(SafeStr(line), Tone.DIM),) for line in status.more.split("\n")[:_MORE_LINES]]
        return [TextBlock(lines)]


def _choice(name: str, status: Status) -> Choice:
    glyph, tone = STATES[status.state]
    skipped = f"  {status.skipped} objects could not be read" if status.skipped else ""
    return Choice(
        key=name,
        text=(
            Piece(f"{glyph} ", tone),
            Piece(name, Tone.STRONG),
            Piece(f"  {status.state.value}", tone),
            Piece(f"  {status.covers}" if status.covers else "", Tone.WARNING),
            Piece(skipped, Tone.WARNING),
        ),
        right=(Piece(_since(status), Tone.DIM),),
    )


def _since(status: Status) -> str:
    return f"  since {time.strftime('%H:%M:%S', time.localtime(status.since))}"
