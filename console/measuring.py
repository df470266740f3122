"""The console's measurements: those of the fleet that is open. They outlive it when it is made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.fleet.fleet import Fleet
    from backend.observe.metrics.columns import MetricColumns
    from backend.observe.metrics.sampling import Metrics
    from console.application import NavarchApp


class Measuring:
    """Made with the application; the backend's part is imported when something is measured first."""

    def __init__(self, app: NavarchApp) -> None:
        self._app = app
        self._fleet: Fleet | None = None
        self._metrics: Metrics | None = None
        self._columns: MetricColumns | None = None

    async def metrics(self) -> Metrics:
        """Of the open fleet, once it is there. Raises what kept it from being made."""
        return self._of(await self._app.fleet())

    @property
    def columns(self) -> MetricColumns | None:
        """The columns of use; None: nothing was measured yet."""
        if self._columns is None and self._app.fleet_now is not None:
            self._of(self._app.fleet_now)
        return self._columns

    def retire(self, fleet: Fleet | None) -> None:
        """This fleet is being closed: ask its clusters nothing more."""
        if fleet is not None and fleet is self._fleet and self._metrics is not None:
            self._metrics.cancel()

    def forget(self) -> None:
        """The vault was locked: names of objects leave memory."""
        self.retire(self._fleet)
        self._fleet = self._metrics = self._columns = None

    def _of(self, fleet: Fleet) -> Metrics:
        if self._metrics is None or fleet is not self._fleet:
            from backend.observe.metrics.columns import MetricColumns
            from backend.observe.metrics.sampling import Metrics

            self.retire(self._fleet)
            self._fleet = fleet
            self._metrics = Metrics(fleet, after=self._metrics, wall=self._app.now)
            self._metrics.listen()
            self._columns = MetricColumns(self._metrics)
        return self._metrics
