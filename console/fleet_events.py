"""What is known of the present fleet's events: begun with the fleet, ended with it."""

from __future__ import annotations

import asyncio
from contextvars import Context
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.observe.events.history import EventHistory
    from backend.observe.events.recorder import Recorder
    from console.application import NavarchApp

_SETTLED = 30.0
"""Seconds after the fleet was opened when noting its events no longer holds up anything."""


class FleetEvents:
    """One per application."""

    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._fleet: Fleet | None = None
        self._opening: asyncio.Task[EventHistory] | None = None
        self._later: asyncio.TimerHandle | None = None
        self._starting: asyncio.Task[None] | None = None
        self._recorder: Recorder | None = None

    def begin(self, fleet: Fleet) -> None:
        """Note the events of all its clusters, from soon on, where they are kept."""
        self._stop_waiting()
        # Without a context: it would keep the screen that happened to ask for the fleet first.
        self._later = asyncio.get_running_loop().call_later(_SETTLED, self._start, fleet, context=Context())

    def _stop_waiting(self) -> None:
        if self._later is not None:
            self._later.cancel()
            self._later = None

    def _start(self, fleet: Fleet) -> None:
        self._starting = asyncio.create_task(self._record(fleet), name="recorder of events")

    async def _record(self, fleet: Fleet) -> None:
        from backend.kube.status import State
        from backend.observe.events.recorder import Recorder

        values = self._app.settings.values.events
        if not values.background or not values.days or fleet is not self._app.fleet_now:
            return
        history = await self.history(fleet)
        if history.store is None or fleet is not self._app.fleet_now:
            return
        surveys = fleet.background
        surveys.begin()  # who answers is known from it
        self._recorder = Recorder(
            fleet.clusters,
            history,
            answers=lambda cluster_id: surveys.surveys[cluster_id].status.state is State.LIVE,
        )
        self._recorder.begin()

    async def history(self, fleet: Fleet) -> EventHistory:
        """All that is known of this fleet's events; with a vault, what was kept too."""
        if self._opening is None or self._fleet is not fleet:
            self._fleet = fleet
            self._opening = asyncio.create_task(self._open(fleet))
        return await asyncio.shield(self._opening)

    async def _open(self, fleet: Fleet) -> EventHistory:
        from backend.observe.events.history import EventHistory

        values = self._app.settings.values.events
        belongings = self._app.session.belongings
        store, problem = await asyncio.to_thread(
            belongings.event_store, days=values.days, megabytes=values.megabytes
        )
        history = EventHistory(store, wall=self._app.now)
        history.problem = problem
        await history.tidy([member.id for member in fleet.members])
        return history

    async def end(self, fleet: Fleet | None) -> None:
        """Write what waits and forget the key, if this is the fleet whose events we have."""
        self._stop_waiting()
        opening, known = self._opening, self._fleet
        if opening is None or known is not fleet:
            return
        self._opening = self._fleet = None
        if self._starting is not None:
            self._starting.cancel()
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            await recorder.aclose()
        history = (await asyncio.gather(opening, return_exceptions=True))[0]
        if not isinstance(history, BaseException):
            await history.aclose()
