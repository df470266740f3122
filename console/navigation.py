"""Going from view to view: the history, the screen of a view, and where the last run was left."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import work
from textual.driver import Driver
from textual.screen import Screen

from backend.text import SafeStr
from console.forgetting import ForgettingWorkers, forget_pictures
from console.furnishing import FurnishedApp
from console.locks import Locks
from console.restoring import found_again, left
from console.session import Gate, Session
from console.settings import Settings
from console.terminal.traits import Traits
from console.theme import Tone
from console.views import DetailView, FleetView, History, ObjectRef, View

if TYPE_CHECKING:
    from console.screens.frame import FrameScreen
    from console.widgets.paint import Line

_NOTHING = SafeStr("")


class NavigatingApp(FurnishedApp, inherit_bindings=False):
    """Knows which view is shown; what a fleet is, is the subclass's affair."""

    locks: Locks

    def __init__(
        self,
        session: Session,
        *,
        traits: Traits | None = None,
        settings: Settings | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        self.session = session
        self.history = History()
        self.changing = False
        """A view is being opened; its keys wait for it."""
        self._wanted: Screen[None] | None = None
        """The screen to be shown next; who wants another one before that takes its place."""
        self._notice: tuple[str, Tone] | None = None
        """To be said on the next screen."""
        super().__init__(traits=traits, settings=settings, driver_class=driver_class)
        self._workers = ForgettingWorkers(self)

    # --- where it was left

    def first_view(self) -> View:
        """What is shown when the gate opens: where the console was left, or home."""
        self.history = self._left_there() or History([FleetView()], 0)
        return self.history.views[self.history.at]

    def _left_there(self) -> History | None:
        if not self.settings.values.restore or self.session.gate() is not Gate.OPEN:
            return None
        with contextlib.suppress(Exception):  # a convenience must never keep anybody out
            return found_again(self.session.belongings.last_view())
        return None

    async def keep_view(self) -> None:
        """Remember in the vault what is on the screen; before it is locked, and before the end."""
        from console.screens.object_keys import ObjectKeys

        if self.session.gate() is not Gate.OPEN or not self.settings.values.restore:
            return
        frame = self.frame
        with contextlib.suppress(Exception):  # nor keep anybody in
            if isinstance(frame, ObjectKeys):
                frame.leave_mark()
            if self.history.views:
                await asyncio.to_thread(self.session.belongings.keep_view, left(self.history))

    # --- from view to view

    def show(self, view: View) -> None:
        """Go to a view and remember it in the history."""
        self.history.visit(view)
        self._switch(view)

    def show_again(self, notice: SafeStr = _NOTHING) -> None:
        """Make the present view anew, and say ``notice`` there."""
        self._notice = (notice, Tone.OK) if notice else None
        self._switch(self.history.views[self.history.at])

    def turn(self, view: View) -> None:
        """Another side of the present view: it takes its place in the history."""
        self.history.update(view)
        self._switch(view)

    def step(self, by: int) -> None:
        view = self.history.step(by)
        if view is not None:
            self._switch(view)

    def swap(self) -> None:
        view = self.history.swap()
        if view is not None:
            self._switch(view)

    def can_step(self, by: int) -> bool:
        return 0 <= self.history.at + by < len(self.history.views)

    def can_swap(self) -> bool:
        return self.history.can_swap

    def open_object(self, ref: ObjectRef, *, tab: str = "describe") -> None:
        self.show(DetailView(ref, tab))

    def _switch(self, view: View) -> None:
        from console.screens.opener import screen_of

        if self.session.gate() is Gate.OPEN:  # it may have been locked since this was wished for
            self._close_dialogs()
            self.change_screen(screen_of(view))

    def change_screen(self, screen: Screen[None]) -> None:
        """Show it as soon as the change that is under way, if any, is done.

        A change that is broken off would leave a screen that was never mounted and takes no keys.
        """
        self._wanted = screen
        if not self.changing:
            self.changing = True
            self._change_screens()

    @work(group="view", exit_on_error=False)
    async def _change_screens(self) -> None:
        """Show each when it is complete: an empty frame in between would flicker and cost a full repaint."""
        from console.screens.frame import FrameScreen

        try:
            while self._wanted is not None:
                screen, self._wanted = self._wanted, None
                with self.batch_update():
                    await self.switch_screen(screen)
                    frame = screen if isinstance(screen, FrameScreen) else None
                    complete = frame is not None and await frame.complete()
                if frame is not None and complete:
                    frame.paint_now()
        finally:
            self.changing = False
        forget_pictures()
        self.reload_settings()
        self.view_changed()
        if self._notice is not None:
            self.say(*self._notice)
            self._notice = None
        self._tell_trouble()

    def view_changed(self) -> None:
        """Another view is on the screen."""

    def _tell_trouble(self) -> None:
        """What of the settings is not used is said once, when nothing else is."""
        if self.trouble and self.frame is not None:
            self.say(self.trouble, Tone.WARNING)
            self.trouble = ""

    def _close_dialogs(self) -> None:
        """Down to the one main screen, which stands on Textual's empty one."""
        while len(self.screen_stack) - self.locks.covered > 2:
            self.pop_screen()

    @property
    def frame(self) -> FrameScreen | None:
        """The main screen, below any dialog."""
        from console.screens.frame import FrameScreen

        return next(
            (screen for screen in reversed(self.screen_stack) if isinstance(screen, FrameScreen)), None
        )

    def say(self, text: object, tone: Tone = Tone.TEXT, *, detail: Sequence[Line] = ()) -> None:
        """One line on the screen below."""
        screen = self.frame
        if screen is not None:
            screen.say(text, tone, detail=detail)
