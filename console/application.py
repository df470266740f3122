"""The Textual application: which view is shown, by which palette, and how it ends.

What screens look like is in ``console.screens``; what a fleet is, in ``backend.fleet``. Nothing here waits
for a network: slow calls run in workers, whose failures become one sentence on the screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from importlib import import_module
from importlib.resources import files
from typing import TYPE_CHECKING, TypeVar

from textual import events, work
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.worker import Worker, WorkerState

from backend import log
from backend.crash import places
from backend.text import SafeStr, safe_text
from console.actions import Scope
from console.collector import LOOK, Collector
from console.fleet_events import FleetEvents
from console.forgetting import forget_names
from console.keymap import bindings
from console.locks import Locks
from console.measuring import Measuring
from console.messages import Messages
from console.navigation import NavigatingApp
from console.session import Gate, Session
from console.settings import Settings, Values
from console.terminal.traits import Traits
from console.theme import Tone
from console.typeahead import KeyQueue
from console.views import FleetView, History

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.fleet.member import Member
    from backend.fleet.programs import Program
    from console.completion import Offer
    from console.screens.log_keeping import KeptLooks

Result = TypeVar("Result")
_NOTHING = safe_text("")
_SETTLED = 1.0
"""Seconds after the start when slow imports no longer hold up the first picture."""
_UNPICTURED = 0.3
"""Seconds after which the fleet is made though there is no picture: the terminal takes none, perhaps."""
_PRESSED_IN_INCIDENTS = ("console.screens.logs", "backend.observe.logs.pod_table")


class NavarchApp(NavigatingApp, inherit_bindings=False):
    """One window on one fleet."""

    ENABLE_COMMAND_PALETTE = False
    CSS = (files("themes") / "navarch.tcss").read_text("utf-8")
    BINDINGS = bindings(Scope.APP)

    def __init__(
        self,
        session: Session,
        *,
        traits: Traits | None = None,
        settings: Settings | None = None,
        driver_class: type[Driver] | None = None,
        collector: Collector | None = None,
    ) -> None:
        self._collector = collector
        self.typed: dict[str, list[str]] = {}
        """Lines typed at each kind of prompt in this session."""
        self.seen_namespaces: set[str] = set()
        self.seen_kinds: set[str] = set()
        """Learnt from rows and discovery; what the ``:`` line completes."""
        self._fleet: Fleet | None = None
        self._opening: asyncio.Task[Fleet] | None = None
        self._pictured = asyncio.Event()
        """The first picture is there."""
        self._retiring: set[asyncio.Task[None]] = set()
        """Fleets that are being closed."""
        self._keys = KeyQueue(self)
        self.messages = Messages()
        self.measuring = Measuring(self)
        self.locks = Locks(self)
        self.events = FleetEvents(self)
        self.last_error: Exception | None = None
        self.programs: Sequence[Program] = ()
        """What clusters want to run and nobody has agreed to."""
        self._asked = False
        """Whether programs were asked about."""
        self.gate_notice = _NOTHING
        """Why the vault is locked, to be said where it is unlocked."""
        super().__init__(session, traits=traits, settings=settings, driver_class=driver_class)

    def copy_to_clipboard(self, text: str) -> None:
        """Hand the text to the terminal, and say so; only ever names and what is shown masked."""
        from console.terminal.clipboard import TooLong, copying

        try:
            sequence = copying(text)
        except TooLong as error:
            self.tell_error(error)
            return
        self._clipboard = text
        if self._driver is not None:
            self._driver.write(sequence)
        self.say(f"Copied {safe_text(text, limit=80)}, if your terminal allows it (OSC 52)", Tone.OK)

    # --- facts that widgets ask for

    @cached_property
    def log_looks(self) -> KeptLooks:
        """How Logs screens were left in this session."""
        from console.screens.log_keeping import KeptLooks

        return KeptLooks()

    def now(self) -> float:
        return self.session.now()

    @property
    def read_only(self) -> bool:
        return self.session.read_only

    @property
    def members(self) -> list[Member]:
        """The clusters of the fleet, as far as it is there."""
        return self._fleet.members if self._fleet is not None else []

    @property
    def acting_words(self) -> SafeStr:
        """As whom clusters are reached, where that is not as ourselves; empty otherwise."""
        from backend.fleet.acting import common, words

        who = self.session.acting_as
        return words(who) if who is not None else common(self.members)

    def lock_seconds(self) -> float | None:
        """Until the screen or the vault locks itself; None: nothing does."""
        return self.locks.seconds_left()

    @property
    def has_journal(self) -> bool:
        return self.session.gate() is Gate.OPEN and self.session.lock_seconds() is not None

    # --- start and end

    def on_load(self) -> None:
        """Before the terminal is touched: who tells us to go a moment later must find it restored too."""
        from console.terminal.ending import Ending

        self._ending = Ending(self)
        self._ending.install()

    def on_mount(self) -> None:
        from console.screens.opener import gate_screen

        self._ending.watch()
        self.push_screen(gate_screen(self))
        self.call_after_refresh(self._tell_trouble)
        self.call_after_refresh(self._pictured.set)
        self.set_timer(_UNPICTURED, self._pictured.set)
        self.set_timer(_SETTLED, self._examine_settings)
        self.set_timer(_SETTLED, self._import_next)
        self.set_interval(1.0, self.locks.tick)
        if self._collector is not None:
            self.set_interval(LOOK, self._collector.look)

    def enter(self, notices: Sequence[object] = (), *, tone: Tone = Tone.WARNING) -> None:
        """The gate is open: show what was shown last, and what the vault has to say."""
        self.open_fleet()
        self._notice = (" ".join(map(str, notices)), tone) if notices else None
        self._switch(self.first_view())

    async def reopen(self, notices: Sequence[object], *, tone: Tone) -> None:
        """The fleet has other members: make it anew and go home."""
        fleet = self._fleet
        self.open_fleet()
        self._notice = (" ".join(map(str, notices)), tone) if notices else None
        self.history = History()
        self.show(FleetView())
        await self._retire(fleet)

    async def connect_again(self, notice: SafeStr = _NOTHING) -> None:
        """Make the fleet anew, with what may have changed outside, under the same view."""
        fleet = self._fleet
        self.open_fleet()
        self.show_again(notice)
        await self._retire(fleet)

    def action_connect_again(self) -> None:
        self.run_worker(self.connect_again(), group="again", exclusive=True, exit_on_error=False)

    def _look_for_programs(self) -> None:
        """What wants to run before it can log in? A person is asked once, when the first fleet is there."""
        from console.screens.programs import look_for_programs

        first, self._asked = not self._asked, True
        self.run_worker(look_for_programs(self, ask=first), group="programs", exit_on_error=False)

    def action_programs(self) -> None:
        from console.screens.programs import ask_about_programs

        self.run_worker(ask_about_programs(self), group="programs", exclusive=True, exit_on_error=False)

    def open_fleet(self) -> None:
        """Begin to make the fleet; :meth:`fleet` waits for it."""
        self._fleet = None
        self._opening = asyncio.create_task(self._open_fleet())

    async def _open_fleet(self) -> Fleet:
        """After the first picture: reading hundreds of accesses in a thread would take turns with it."""
        await self._pictured.wait()
        return await self.session.open_fleet()

    async def fleet(self) -> Fleet:
        """The fleet, once it is there. Raises what kept it from being made."""
        if self._opening is None:
            self.open_fleet()
        opening = self._opening
        assert opening is not None
        fleet = await asyncio.shield(opening)
        if opening is not self._opening:
            # Locked, or connected again, while we waited: nobody may use this one any more.
            await self._retire(fleet)
            return await self.fleet()
        if fleet is not self._fleet:
            self._fleet = fleet
            fleet.admission.memory.most = self.settings.values.memory_mb << 20
            log.conceal({member.name: member.id for member in fleet.members})
            self._look_for_programs()
            self.events.begin(fleet)
        return fleet

    async def _retire(self, fleet: Fleet | None) -> None:
        """Close a fleet to the end, even if who asked for it is cancelled meanwhile."""
        if fleet is None:
            return
        self.measuring.retire(fleet)
        closing = asyncio.create_task(self._close(fleet))
        self._retiring.add(closing)
        closing.add_done_callback(self._retiring.discard)
        await asyncio.shield(closing)

    async def _close(self, fleet: Fleet) -> None:
        await self.events.end(fleet)
        await fleet.aclose()

    @property
    def fleet_now(self) -> Fleet | None:
        """The fleet, if it is there already."""
        return self._fleet

    async def end(self) -> None:
        """Drop connections, keys and children; what is slow is left behind."""
        await self.keep_view()
        if self._opening is not None:
            self._opening.cancel()
        await self._retire(self._fleet)
        await asyncio.gather(*self._retiring, return_exceptions=True)
        await self.session.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys go through the queue; everything else takes Textual's way."""
        if isinstance(event, events.Key | events.MouseDown | events.MouseScrollDown | events.MouseScrollUp):
            self.locks.touch()
        if isinstance(event, events.Key) and not event.is_forwarded:
            if self._collector is not None:
                self._collector.key()
            await self._keys.add(event, super().on_event)
        else:
            await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """A key that no widget wanted came back; after this event Textual has run its binding."""
        self.call_later(self._keys.done, event)

    def action_leave(self) -> None:
        self.leave()

    @work(exclusive=True, group="leave", exit_on_error=False)
    async def leave(self) -> None:
        try:
            async with asyncio.timeout(3.0):
                await self.end()
        except TimeoutError:
            pass
        finally:
            self.exit()

    def action_lock(self) -> None:
        self.lock(safe_text("You locked it."))

    def action_lock_screen(self) -> None:
        self.locks.cover()

    @work(exclusive=True, group="lock", exit_on_error=False)
    async def lock(self, notice: SafeStr) -> None:
        """Forget keys first, then close what used them, then show the gate and ``notice``: why."""
        from console.screens.opener import gate_screen

        if self.session.gate() is Gate.FIRST_START or (
            self.session.gate() is Gate.OPEN and self.session.lock_seconds() is None
        ):
            return
        await self.keep_view()
        fleet, self._fleet, self._opening = self._fleet, None, None
        await self.session.lock()
        self.gate_notice = notice
        self.locks.uncover()
        self.history = History()
        self.messages.forget()
        self.__dict__.pop("log_looks", None)
        self.measuring.forget()
        self._close_dialogs()
        self.change_screen(gate_screen(self))
        await self._retire(fleet)
        forget_names()

    # --- the command line inside

    def complete(self, text: str) -> Offer:
        from console.completion import offer

        return offer(self, text)

    def learn_kinds(self) -> None:
        from console.completion import learn_kinds

        self.run_worker(learn_kinds(self), group="kinds", exclusive=True, exit_on_error=False)

    def run_line(self, line: str) -> None:
        from console.command_line import run_line

        run_line(self, line)

    async def attempt(self, call: Callable[[], Awaitable[Result]]) -> Result | None:
        """Await something that may fail; the failure is said on the screen, its detail is one key away."""
        try:
            return await call()
        except Exception as error:
            self.tell_error(error)
            return None

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A worker that failed in a way nobody foresaw is said too: nothing fails silently."""
        error = event.worker.error
        if event.state is WorkerState.ERROR and isinstance(error, Exception):
            self.tell_error(error)

    def tell_error(self, error: Exception) -> None:
        """One sentence now; ``E`` opens the detail.

        What looked for a widget of a view that was left meanwhile is noted only: there is nothing to be done.
        """
        if isinstance(error, NoMatches):
            log.note("view was left", places=places(error.__traceback__))
            return
        from console.screens.error import error_lines, full_sentence

        self.last_error = error
        log.note("error", state=type(error).__name__, text=full_sentence(error))
        self.say(f"{full_sentence(error)}  (E: detail)", Tone.ERROR, detail=error_lines(error))
        if self.frame is not None:
            self.frame.refresh_bindings()

    def view_changed(self) -> None:
        if self._collector is not None:
            self._collector.view_left()

    @work(thread=True, group="imports", exit_on_error=False)
    def _import_next(self) -> None:
        """Have read what a key in an incident must not wait for: that takes some fifty milliseconds."""
        for name in _PRESSED_IN_INCIDENTS:
            import_module(name)

    def _examine_settings(self) -> None:
        self.examine_settings()
        self._tell_trouble()

    def action_reload_settings_now(self) -> None:
        self.reload_settings(force=True)
        self.trouble = ""
        told = self.settings.told
        self.say(told or "Every line of the settings is used", Tone.WARNING if told else Tone.OK)

    def settings_applied(self, before: Values) -> None:
        from console.screens.own_commands import OwnCommands

        frame = self.frame
        if isinstance(frame, OwnCommands):
            frame.bind_own()
        elif frame is not None:
            frame.refresh_bindings()

    def action_palette(self) -> None:
        from console.screens.palette import PaletteScreen

        if self.frame is not None and self.screen is self.frame:
            self.push_screen(PaletteScreen(self.frame))

    def action_jump(self) -> None:
        from console.screens.jump import start_jump

        start_jump(self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if self.locks.covered:
            return action in {"lock", "leave", "suspend_process"}
        if action == "lock":
            return self.has_journal
        if action == "lock_screen":
            return self.locks.can_cover
        if action == "programs":
            return bool(self.programs) and self.frame is not None and not self.frame.prompt.is_open
        if action == "palette":
            return self.frame is not None and self.screen is self.frame
        return True
