"""The demo fleet: simulated API servers in a child process that ends with the console."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from console.session import Refused
from console.sessions.memory import MemorySession

if TYPE_CHECKING:
    from backend.demo.process import DemoFleet
    from backend.fleet.fleet import Fleet


class DemoSession(MemorySession):
    title = "demo"

    def __init__(self, *, read_only: bool = False, **options: Any) -> None:
        """``options``: clusters, pods, scenario, seed (see ``backend.demo.process.start``)."""
        super().__init__(read_only=read_only)
        self._options = options
        self._demo: DemoFleet | None = None

    async def open_fleet(self) -> Fleet:
        from backend.fleet.inmemory import members_of

        await self.start_demo()
        assert self._demo is not None
        members, _ = await asyncio.to_thread(members_of, self._demo.kubeconfig_path)
        names = {cluster.name for cluster in self._demo.clusters}
        return self._fleet([member for member in members if member.name in names])

    async def start_demo(self) -> None:
        from backend.demo.process import DemoFailed, start

        if self._demo is not None:
            return
        try:
            self._demo = await start(**self._options)
        except DemoFailed as error:
            raise Refused(
                f"The demo fleet did not start: {error}", "Try again, or run: navarch demo"
            ) from None

    async def close(self) -> None:
        demo, self._demo = self._demo, None
        if demo is not None:
            await demo.aclose()
