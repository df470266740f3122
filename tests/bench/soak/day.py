"""The console, headless, on a vault whose clusters are a feeder's; and everything that is done to both."""

from __future__ import annotations

import asyncio
import gc
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

from backend.fleet.query import Query
from backend.kube.status import State
from backend.secret import Secret
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from console.application import NavarchApp
from console.collector import Collector
from console.screens.detail import DetailScreen
from console.screens.frame import FrameScreen
from console.screens.resources import ResourcesScreen
from console.screens.unlock import UnlockScreen
from console.session import Decision, Gate
from console.sessions import VaultSession
from tests.bench.feeder.process import Feeder
from tests.bench.soak.footprint import Footprint, footprint, left_over

_PASSPHRASE = "correct horse battery staple"
_DEADLINE = 90.0
"""Seconds a state may take: a backoff of 30 s, and a machine that others use too."""
_LINES = ("pods", "nodes", "namespaces", "pods -n pay", "pods /crash", "pods !app --sort AGE", "pods app-1*")


class Wrong(AssertionError):
    """The console showed something else than the servers have, or did not come back."""


class Day:
    """One console on one fleet; :meth:`act` does something to either, :meth:`rest` looks at what is left."""

    def __init__(self, feeder: Feeder, folder: Path, *, seed: int = 1) -> None:
        self._feeder = feeder
        self._folder = folder
        self._chance = random.Random(seed)
        self._open = AsyncExitStack()
        self._stopped: set[int] = set()
        self._restarts = 0
        """Servers stopped, and started again later."""
        self.done: dict[str, int] = {}
        """How often each act was done."""
        self._lately: deque[str] = deque(maxlen=8)
        self._kept: list[str] = []
        """What the last rest found in memory that should be gone."""

    async def __aenter__(self) -> Day:
        path = self._folder / "vault.db"
        made, _ = Vault.create(path, passphrase=_PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1))
        made.lock()
        made.close()
        session = VaultSession(path=path)
        await session.unlock(Secret(_PASSPHRASE))
        review = await session.review(str(self._feeder.kubeconfig))
        await session.accept([Decision(id=candidate.id) for candidate in review.candidates])
        collector = Collector()
        collector.take_over()
        self.app = NavarchApp(session, collector=collector)
        await self._open.enter_async_context(self.app.run_test(size=(120, 40)))
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.app.end()
        await self._open.aclose()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Let the console work until the condition holds. Raises Wrong after the deadline."""
        end = time.monotonic() + _DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise Wrong(f"{what} was not reached in {_DEADLINE:.0f} s; {self._scene()}")
            await asyncio.sleep(0.02)

    def _scene(self) -> str:
        """What is on the screen, for whoever reads why it was wrong."""
        app, keys = self.app, self.app._keys
        screens = [f"{type(screen).__name__} {screen.is_mounted}" for screen in app.screen_stack]
        said = [f"done so far: {self.done}", f"lately: {list(self._lately)}", f"screens, mounted: {screens}"]
        said.append(f"kept: {self._kept}")
        said.append(f"changing: {app.changing}, to {app._wanted}; keys: {keys._under_way}, {keys._waiting}")
        said.append(f"view: {app.history.views[app.history.at] if app.history.views else None}")
        said.append(f"said: {[str(one.text) for one in app.messages.all()[-5:]]}")
        said.append(f"workers: {[f'{one.name} of {one.node}' for one in app.workers if one.is_running]}")
        if isinstance(self.app.screen, ResourcesScreen):
            states = [f"{status.state.name}: {status.detail}" for status in self.app.screen.statuses.values()]
            said += [f"query: {self.app.screen.asked.query}", f"states: {states}"]
        return "; ".join(said)

    # --- what happens

    async def act(self) -> None:
        """Something, by chance."""
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (8, self.view),
            (3, self.detail),
            (4, self.back),
            (2, self.filter),
            (4, self.cut),
            (3, self.expire),
            (3, self.restart),
            (2, self.refuse),
            (1, self.again),
        ]
        chosen = self._chance.choices([act for _, act in acts], [weight for weight, _ in acts])[0]
        self.done[chosen.__name__] = self.done.get(chosen.__name__, 0) + 1
        self._lately.append(chosen.__name__)
        await chosen()
        await asyncio.sleep(self._chance.uniform(0.0, 0.2))

    def _some(self) -> list[int]:
        everyone = list(self._feeder.everyone)
        return self._chance.sample(everyone, self._chance.randint(1, len(everyone)))

    async def view(self) -> None:
        self.app.run_line(self._chance.choice(_LINES))

    async def detail(self) -> None:
        """Open the object under the cursor, if there is one, and leave it."""
        screen = self.app.screen
        if isinstance(screen, ResourcesScreen) and screen.is_mounted and screen.table.row is not None:
            screen.open_row(screen.table.row)
            await asyncio.sleep(self._chance.uniform(0.0, 0.3))
            if isinstance(self.app.screen, DetailScreen):
                self.app.step(-1)

    async def back(self) -> None:
        self.app.step(self._chance.choice((-1, -1, 1)))

    async def filter(self) -> None:
        screen = self.app.screen
        if isinstance(screen, ResourcesScreen) and screen.is_mounted:
            for key in ("slash", "a", "p", "p", "enter"):
                self.app.simulate_key(key)
            arrived = asyncio.Event()  # they pass the app's message queue before they are in ours
            self.app.call_later(arrived.set)
            await arrived.wait()
            await self.until(self._quiet, "the end of what was typed")

    async def cut(self) -> None:
        self._feeder.tell("cut", self._some())

    async def expire(self) -> None:
        self._feeder.tell("expire", self._some())

    async def restart(self) -> None:
        """Servers go down or come back."""
        some = set(self._some())
        self._feeder.tell("stop", sorted(some - self._stopped))
        self._feeder.tell("start", sorted(some & self._stopped))
        self._restarts += len(some - self._stopped)
        self._stopped ^= some

    async def refuse(self) -> None:
        self._feeder.tell("refuse", self._some(), code=self._chance.choice((429, 500, 503)), times=2)

    async def again(self) -> None:
        self.app.action_connect_again()

    # --- what is left

    async def rest(self) -> Footprint:
        """Heal the servers, see that the console shows what they have, lock, and measure. Raises Wrong."""
        self._feeder.tell("start", sorted(self._stopped), rate=0.0)
        self._stopped.clear()
        await self._equal()
        self.app.action_lock()
        await self.until(lambda: self.app.session.gate() is Gate.LOCKED, "a locked vault")
        await self.until(lambda: isinstance(self.app.screen, UnlockScreen), "the gate")
        await self.until(lambda: self._feeder.tell().watches == 0, "closed watches")
        await self.until(lambda: not self.app.changing and not self.app._retiring, "the fleet's end")
        await self.until(self._nothing_left, "the end of what was left")
        left = footprint(restarts=self._restarts)
        self.done["lock"] = self.done.get("lock", 0) + 1
        self.app.enter(await self.app.session.unlock(Secret(_PASSPHRASE)))
        await self.until(lambda: isinstance(self.app.screen, FrameScreen), "the way back")
        return left

    def _nothing_left(self) -> bool:
        """No fleet and no screen but the gate is in memory; a timer's context holds one until it is due."""
        gc.collect()
        self._kept = left_over({id(screen) for screen in self.app.screen_stack})
        return not self._kept

    async def _equal(self) -> None:
        """The table of all pods becomes equal to the servers'."""
        await self.until(self._quiet, "the end of what was typed")
        self.app.run_line("pods")
        await self.until(lambda: self._shown() is not None, "the view of pods")
        truth = self._feeder.tell("truth", self._feeder.everyone).truth
        wanted = {key: version for of_cluster in truth for key, version in of_cluster.items()}
        await self.until(lambda: self._shown() == wanted, "what the servers have")

    def _quiet(self) -> bool:
        keys = self.app._keys
        return not keys._waiting and keys._under_way is None and not self.app.changing

    def _shown(self) -> dict[str, str] | None:
        """Version by uid of what the view of all pods shows; None while another view is there, or not all
        clusters are live."""
        screen = self.app.screen
        if not isinstance(screen, ResourcesScreen) or screen.asked.query.kind != "pods":
            return None
        if screen.asked.query != Query(kind="pods"):
            return None
        states = {status.state for status in screen.statuses.values()}
        if states != {State.LIVE}:
            return None
        return {row.item.metadata.uid: row.item.metadata.resource_version for row in screen.rows.all()}
