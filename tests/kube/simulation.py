"""Hours in milliseconds: an event loop whose clock jumps to the next timer instead of waiting for it.

Everything that waits through asyncio (sleep, timeout, call_later) runs unchanged, in the same order, at once.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
EPOCH = 1_790_000_000.0


class Stuck(AssertionError):
    """Nothing is scheduled and nothing can happen any more."""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc,valid-type]
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise Stuck("every task waits for something that never comes")
            self.now += max(0.0, timeout)
        return ready


class SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now

    def hold(self, seconds: float) -> None:
        """Whatever runs now takes this long; or the machine had others to serve."""
        self._jumping.now += seconds


class LoopClock:
    """The clock of :mod:`backend.kube.clock` on the running (simulated) loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def wall(self) -> float:
        return EPOCH + self.now()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(main: Coroutine[Any, Any, Result]) -> Result:
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        return runner.run(main)
