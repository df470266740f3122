"""Locking: the screen's cover and the vault, by timers, by keys, and by other windows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.worker import Worker

from backend.text import safe_text
from console.session import Gate
from console.sessions.keeper import Elsewhere
from console.sessions.lock_timers import LockLimits
from console.theme import Tone

if TYPE_CHECKING:
    from backend.fleet.member import Member
    from console.application import NavarchApp
    from console.sessions.keeper import Keeper
    from console.settings.schema import Lock

WARNING_SECONDS = 60.0


class Locks:
    """Two steps: the screen is covered first (the fleet stays connected), the vault is locked later."""

    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._warned = False
        self._chosen: Lock | None = None
        self._locking: Worker[None] | None = None
        self._looking: Worker[None] | None = None
        self._said = ""
        """What went wrong when looking last: it is said once."""
        self._waiting: Sequence[Member] | None = None
        """Clusters as another window made them, until the person here is at rest."""

    # --- the screen

    @property
    def covered(self) -> bool:
        return self._app.covering is not None

    @property
    def can_cover(self) -> bool:
        """Only what somebody can open again is covered."""
        keeper = self._app.session.keeper
        return keeper is not None and keeper.is_open and self._app.session.gate() is Gate.OPEN

    def cover(self) -> None:
        """Show nothing until a passphrase is typed."""
        from console.screens.screen_lock import ScreenLockScreen

        if self.can_cover:
            self._app.put_cover(ScreenLockScreen())

    def uncover(self) -> None:
        self._warned = False
        self._app.take_cover_away()

    # --- timers

    def touch(self) -> None:
        """The person is there; at a covered screen it may be anybody."""
        if not self.covered:
            self._app.session.touch()
            self._warned = False

    def seconds_left(self) -> float | None:
        """Until the next thing locks itself; None: nothing does."""
        self._take_limits()
        left = (self._screen_left(), self._app.session.lock_seconds())
        soonest = min((seconds for seconds in left if seconds is not None), default=math.inf)
        return None if math.isinf(soonest) else soonest

    def _screen_left(self) -> float | None:
        keeper = self._app.session.keeper
        if keeper is None or not self.can_cover or self.covered:
            return None
        return keeper.timers.screen_left()

    def tick(self) -> None:
        """Once a second: lock what is due, warn of what will be, look at what other windows did."""
        self._take_limits()
        gate = self._app.session.gate()
        if gate is Gate.LOCKED and self._app.frame is not None:
            self._lock("Its key was changed in another window.")
        if gate is not Gate.OPEN:
            return
        vault, screen = self._app.session.lock_seconds(), self._screen_left()
        if vault is not None and vault <= 0:
            self._lock("It locked itself: its time was over.")
            return
        if screen is not None and screen <= 0:
            self.cover()
        elif not self._warned and not self.covered:
            self._warn(vault, screen)
        keeper = self._app.session.keeper
        if keeper is not None and keeper.is_open and (self._looking is None or self._looking.is_finished):
            self._looking = self._app.run_worker(
                self._look_elsewhere(keeper), group="elsewhere", exit_on_error=False
            )

    def _take_limits(self) -> None:
        """As the settings are now: they may change while the console runs."""
        keeper, chosen = self._app.session.keeper, self._app.settings.values.lock
        if keeper is not None and chosen is not self._chosen:
            self._chosen = chosen
            keeper.timers.limits = LockLimits(
                screen=60.0 * chosen.screen_minutes,
                idle=60.0 * chosen.idle_minutes,
                total=3600.0 * chosen.hours,
            )

    def _lock(self, why: str) -> None:
        if self._locking is None or self._locking.is_finished:
            self._locking = self._app.lock(safe_text(why))

    def _warn(self, vault: float | None, screen: float | None) -> None:
        if screen is not None and screen <= WARNING_SECONDS:
            words = "The screen locks in a minute; any key keeps it open."
        elif vault is not None and vault <= WARNING_SECONDS:
            words = "The vault locks in a minute: connections will close, and the passphrase is asked again."
        else:
            return
        self._warned = True
        self._app.say(words, Tone.WARNING)

    # --- other windows

    async def _look_elsewhere(self, keeper: Keeper) -> None:
        try:
            news = await keeper.news()
        except Exception as error:
            from console.screens.error import full_sentence

            said = full_sentence(error)
            if said != self._said:
                self._said = said
                self._app.tell_error(error)
            return
        match news.what:
            case Elsewhere.LOCKED:
                self._lock("It was locked in another window (navarch vault lock).")
            case Elsewhere.REKEYED:
                self._lock("Its key was changed in another window.")
            case Elsewhere.MEMBERS:
                self._waiting = news.members
        if self._waiting is not None and self._at_rest():
            members, self._waiting = self._waiting, None
            await self._take_over(members)

    def _at_rest(self) -> bool:
        """Nobody is in a dialog or typing a line: the view may be made anew under their hands."""
        frame = self._app.frame
        return (
            frame is not None
            and self._app.screen is frame
            and not frame.prompt.is_open
            and not self._app.changing
            and self._app.fleet_now is not None
        )

    async def _take_over(self, members: Sequence[Member]) -> None:
        """Names and tags change in place; other clusters or credentials need new connections."""
        from backend.fleet.acting import acting_as

        notice = safe_text("The vault's clusters changed; this is how they are now.")
        fleet = self._app.fleet_now
        reached = acting_as(members, self._app.session.acting_as)
        if fleet is not None and fleet.restate(reached):
            self._app.show_again(notice)
        else:
            await self._app.connect_again(notice)
