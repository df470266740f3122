"""Keys one after the other: the next key is looked at when the one before has done its work.

Textual sends every key at once to the widget that has the focus then. Keys that arrive together (typed
ahead, pasted, held up by a slow line) would all reach the old widget: of ``:de`` the ``d`` and ``e`` would
act on the table, instead of being typed into the line that ``:`` opens. And the work of a key goes on in
messages: the enter behind ``:nodes`` travels from the field to its line and on to the screen, which opens
another one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from textual import events
from textual.message_pump import MessagePump
from textual.widgets import Input

if TYPE_CHECKING:
    from console.application import NavarchApp

_PATIENCE = 0.5
"""Seconds after which a key that nobody reports as done no longer holds up the others."""
_RETRY = 0.01
_LONGEST = 256
"""Keys kept waiting."""
_REPEATS = 12
"""So many of the same key wait at most, where no text is typed."""
_TURNS = 2
"""How often each widget on the way up is passed: a message it gets may make it send one of its own."""


class KeyQueue:
    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._waiting: deque[events.Key] = deque()
        self._under_way: events.Key | None = None
        self._target: MessagePump | None = None
        """Who got the key under way, until it is seen to."""

    async def add(self, event: events.Key, dispatch: Callable[[events.Key], Awaitable[None]]) -> None:
        """A key arrived; ``dispatch`` is Textual's own way of handling it."""
        self._dispatch = dispatch
        if self._held_down(event):
            return
        if len(self._waiting) == _LONGEST:
            self._waiting.pop()  # the newest key is what the person wants now: to leave, perhaps
        self._waiting.append(event)
        await self._advance()

    def done(self, event: events.Key) -> None:
        """Its binding has run, or a widget took it: wait for what that sent upwards, too."""
        if self._under_way is event and self._target is not None:
            target, self._target = self._target, None
            self._climb(event, target, _TURNS)

    def _climb(self, event: events.Key, place: MessagePump | None, turns: int) -> None:
        """Pass every queue from the key's widget to the app, behind the messages that are in it."""
        if place is not None and not turns:
            place, turns = place._parent, _TURNS
        if place is None or not place.call_later(self._climb, event, place, turns - 1):
            self._finish(event)

    def _finish(self, event: events.Key) -> None:
        if self._under_way is event:
            self._under_way = self._target = None
            if self._waiting:
                self._app.call_later(self._advance)

    def _held_down(self, event: events.Key) -> bool:
        """A key repeated faster than it can be worked off: the rest of it would come after it was let go."""
        if isinstance(self._app.focused, Input) or len(self._waiting) < _REPEATS:
            return False
        return all(self._waiting[-at].key == event.key for at in range(1, _REPEATS + 1))

    async def _advance(self) -> None:
        if self._under_way is not None or not self._waiting:
            return
        if self._app.changing or not self._app.screen.is_mounted:  # the next view's keys wait for it
            self._app.set_timer(_RETRY, self._advance)
            return
        event = self._under_way = self._waiting.popleft()
        target = self._target = self._app.focused or self._app.screen
        await self._dispatch(event)
        if not event.is_forwarded:  # a priority binding took it
            self.done(event)
            return
        # The widget sees the key first and this call after it; what it did not stop comes back to the app.
        target.call_later(self._passed, event)
        self._app.set_timer(_PATIENCE, lambda: self._finish(event))

    def _passed(self, event: events.Key) -> None:
        if event._stop_propagation:
            self.done(event)
