"""The frame every main screen stands in: top line, subject, body, prompt, notice, keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.events import ScreenResume
from textual.screen import Screen
from textual.widget import Widget

from backend.kube.status import State
from console.actions import Scope
from console.keymap import bindings
from console.screens.jump import JumpScreen
from console.screens.opener import has_screen
from console.screens.timed import Timed
from console.theme import Tone
from console.views import FleetView, View
from console.widgets.keyline import KeyLine
from console.widgets.lines import LineWidget
from console.widgets.notice import NoticeLine
from console.widgets.paint import Line
from console.widgets.prompt import PromptLine
from console.widgets.subject import SubjectLine
from console.widgets.topline import TopLine

if TYPE_CHECKING:
    from console.application import NavarchApp


class FrameScreen(Timed, Screen[None]):
    """Subclasses give the body; the frame brings what every screen can do."""

    BINDINGS = bindings(Scope.FRAME)
    AUTO_FOCUS = "#body"
    about = ""
    """What this screen shows, for its help: one paragraph."""

    @property
    def navarch(self) -> NavarchApp:
        return cast("NavarchApp", self.app)

    def body(self) -> Widget:
        """The widget that fills the frame; its id must be ``body``."""
        raise NotImplementedError

    def compose_body(self) -> Widget:
        """The body with what stands beside it."""
        return self.body()

    def crumbs(self) -> tuple[object, ...]:
        """Where this is, from the general to the special."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        yield TopLine()
        yield SubjectLine()
        yield self.compose_body()
        yield PromptLine()
        yield NoticeLine()
        yield KeyLine()

    def on_mount(self) -> None:
        self.top.tell(crumbs=self.crumbs())

    async def complete(self) -> bool:
        """Wait a moment for what a server is about to say: the first picture has it then, and nobody notices.

        Whether it is here. The screen has its size already; nothing of it is painted meanwhile.
        """
        return False

    def paint_now(self) -> None:
        """Paint at once, not at the next beat of Textual's clock, a sixtieth of a second later."""
        self._on_timer_update()

    def on_screen_suspend(self) -> None:
        """A dialog lies above: the keys of this screen don't work now."""
        line = self.query_one(KeyLine)
        if isinstance(self.app.screen, JumpScreen):
            line.hold()
        else:
            line.offer(())

    def on_screen_resume(self, event: ScreenResume) -> None:
        if not self.stack_updates:
            event.refresh_styles = False  # it was just made, and has its styles
        self.query_one(KeyLine).offer(None)

    @property
    def top(self) -> TopLine:
        return self.query_one(TopLine)

    @property
    def subject(self) -> SubjectLine:
        return self.query_one(SubjectLine)

    @property
    def prompt(self) -> PromptLine:
        return self.query_one(PromptLine)

    def say(
        self,
        text: object,
        tone: Tone = Tone.TEXT,
        *,
        stay: bool = False,
        detail: Sequence[Line] = (),
    ) -> None:
        """One line about what came of something, kept to be read again; ``stay``: about what goes on now."""
        if not stay:
            self.navarch.messages.note(text, tone, now=self.navarch.now(), detail=tuple(detail))
        self.query_one(NoticeLine).say(text, tone, stay=stay)

    def clear_notice(self) -> None:
        self.query_one(NoticeLine).clear()

    def repaint(self) -> None:
        """The palette changed: paint every cell again."""
        for widget in self.query(LineWidget):
            widget.repaint()

    # --- what every screen can do

    def action_command(self) -> None:
        self.navarch.learn_kinds()
        self.prompt.ask("command", ":", complete=self.navarch.complete)

    def action_search(self) -> None:
        self.navarch.learn_kinds()
        self.prompt.ask("command", ":", text="search ", complete=self.navarch.complete)

    @on(TopLine.Clicked)
    def _top_clicked(self, event: TopLine.Clicked) -> None:
        if event.crumb is None:
            if self.top.has_states:
                self.action_states()
            return
        view = self.crumb_view(event.crumb)
        if view is not None:
            self.navarch.show(view)

    def crumb_view(self, place: int) -> View | None:
        """Where a click on this part of the path leads; None: nowhere, it is here."""
        here = place == len(self.crumbs()) - 1
        return FleetView() if self.crumbs()[place] == "fleet" and not here else None

    @on(PromptLine.Completions)
    def _completions(self, event: PromptLine.Completions) -> None:
        self.query_one(KeyLine).offer(event.shown)

    @on(PromptLine.Submitted)
    def _entered(self, event: PromptLine.Submitted) -> None:
        if event.kind == "command" and event.text:
            self.navarch.run_line(event.text)
        else:
            self.prompt_entered(event.kind, event.text)

    @on(PromptLine.Changed)
    def _typed(self, event: PromptLine.Changed) -> None:
        self.prompt_changed(event.kind, event.text)

    @on(PromptLine.Cancelled)
    def _cancelled(self, event: PromptLine.Cancelled) -> None:
        self.prompt_cancelled(event.kind)

    def prompt_entered(self, kind: str, text: str) -> None:
        """Something other than a command was entered."""

    def prompt_changed(self, kind: str, text: str) -> None:
        """Something was typed."""

    def prompt_cancelled(self, kind: str) -> None:
        """The prompt was left with escape."""

    def action_help(self) -> None:
        from console.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self))

    def action_theme(self) -> None:
        from console.screens.theme import ThemeScreen

        self.app.push_screen(ThemeScreen())

    def action_states(self) -> None:
        from console.screens.states import StatesScreen

        self.app.push_screen(StatesScreen(self.top.pairs))

    def to_log_in(self) -> list[str]:
        """Ids of the clusters that a login would be for: those that need one."""
        return self.top.in_state(State.AUTH)

    def action_log_in(self) -> None:
        from console.screens.login import start_login

        start_login(self.navarch, self.to_log_in())

    def action_act_as(self) -> None:
        from console.screens.act_as import ask_as_whom

        ask_as_whom(self.navarch)

    def action_act_as_ourselves(self) -> None:
        from console.screens.act_as import act_as

        act_as(self.navarch, None)

    def action_rights(self) -> None:
        from console.views import RightsView

        self.navarch.show(RightsView())

    def action_error(self) -> None:
        from console.screens.error import ErrorScreen

        if self.navarch.last_error is not None:
            self.app.push_screen(ErrorScreen(self.navarch.last_error))

    def action_back(self) -> None:
        self.navarch.step(-1)

    def action_history(self, by: int) -> None:
        self.navarch.step(by)

    def action_last_view(self) -> None:
        self.navarch.swap()

    def action_go(self, name: str) -> None:
        from console.views import SCREENS

        self.navarch.show(SCREENS[name])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what works here, now."""
        if not self.is_mounted:
            return False
        match action:
            case "back":
                works = self.can_go_back()
            case "history":
                works = self.navarch.can_step(cast("int", parameters[0]))
            case "last_view":
                works = self.navarch.can_swap()
            case "go":
                works = has_screen(self.navarch, str(parameters[0]))
            case "states":
                works = self.top.has_states
            case "search":
                works = True
            case "log_in":
                works = bool(self.to_log_in())
            case "act_as_ourselves":
                works = self.navarch.session.acting_as is not None
            case "error":
                works = self.navarch.last_error is not None
            case _:
                return True
        return works and not self.prompt.is_open

    def can_go_back(self) -> bool:
        return self.navarch.can_step(-1)
