"""What is known of the present fleet's events: begun when it is first asked for, ended with the fleet."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.observe.events.history import EventHistory
    from console.application import NavarchApp


class FleetEvents:
    """One per application."""

    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._fleet: Fleet | None = None
        self._opening: asyncio.Task[EventHistory] | None = None

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
        opening, known = self._opening, self._fleet
        if opening is None or known is not fleet:
            return
        self._opening = self._fleet = None
        history = (await asyncio.gather(opening, return_exceptions=True))[0]
        if not isinstance(history, BaseException):
            await history.aclose()
