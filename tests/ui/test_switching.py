"""Views that follow each other faster than they are made: the last one is shown, and it is alive."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from backend.fleet.filter import compile_pattern
from backend.text import cells
from console.application import NavarchApp
from console.screens.resources import ResourcesScreen
from console.session import Gate
from console.views import ResourcesView
from tests.ui.double import SessionDouble
from tests.ui.seeing import see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)
LINES = ("pods", "nodes", "events", "pods -n pay", "secrets")


@pytest.mark.parametrize("seed", range(3))
async def test_the_last_view_that_was_wished_for_is_shown_and_alive(open_app: Open, seed: int) -> None:
    chance = random.Random(seed)
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        for _ in range(25):
            app.run_line(chance.choice(LINES))
            for _ in range(chance.randrange(40)):
                await asyncio.sleep(0)
        app.run_line("pods")
        await see(pilot, "90 rows", "api-0")
        assert app.screen.is_mounted
        assert [type(screen).__name__ for screen in app.screen_stack] == ["Screen", "ResourcesScreen"]
        await pilot.press("enter")
        await see(pilot, "(describe)")


async def test_a_view_wished_for_after_the_lock_does_not_come(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.run_line("pods")
        app.action_lock()
        await until(pilot, lambda: session.gate() is Gate.LOCKED)
        app.run_line("nodes")
        await see(pilot, "the vault is locked")
        await until(pilot, lambda: not app.changing)
        await see(pilot, "the vault is locked")


async def test_what_falls_due_while_a_screen_is_left_does_nothing(open_app: Open) -> None:
    """A row that is gone fades for a second: who leaves the list meanwhile must not end the console."""
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        screen = app.screen
        assert isinstance(screen, ResourcesScreen)
        due: list[str] = []
        screen.set_timer(0.01, lambda: due.append("in time"))
        await until(pilot, lambda: due == ["in time"])
        late = [
            screen.set_timer(60.0, lambda: due.append("late")),
            screen.set_interval(60.0, lambda: due.append("late")),
        ]
        await pilot.press("q")
        await see(pilot, "3 clusters")
        await until(pilot, lambda: not screen.is_attached)
        for timer in late:
            callback: Any = timer._callback
            getattr(callback, "args", (callback,))[0]()
        screen._let_go()
        assert due == ["in time"]


async def test_lines_typed_ahead_each_reach_their_own_prompt(open_app: Open) -> None:
    """Pasted, or typed behind a slow line: no key of the next line may act on the list below."""
    app = open_app()
    kinds = ["nodes", "secrets", "deployments", "nodes", "secrets", "pods"]
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        for kind in kinds:
            for key in ("colon", *kind, "enter"):
                app.simulate_key(key)
        await see(pilot, "90 rows", "api-0")
        await until(pilot, lambda: not app.changing)
        seen = [view.query.kind for view in app.history.views if isinstance(view, ResourcesView)]
        assert seen == kinds


async def test_what_a_worker_had_in_its_hands_is_forgotten_whatever_it_began(open_app: Open) -> None:
    """A timer keeps the context that it was set in, that one the worker, and its end the frames: a fleet with
    its credentials would outlive the lock."""

    class Held:
        pass

    seen: list[weakref.ref[Held]] = []
    timers: list[asyncio.TimerHandle] = []

    async def begin() -> None:
        in_hand = Held()
        seen.append(weakref.ref(in_hand))
        timers.append(asyncio.get_running_loop().call_later(3600, bool))
        await asyncio.Event().wait()

    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.run_line("pods")
        await see(pilot, "90 rows")
        app.screen.run_worker(begin(), exit_on_error=False)
        await until(pilot, lambda: seen)
        app.run_line("nodes")
        await see(pilot, "fleet/nodes")

        def forgotten() -> bool:
            gc.collect()
            return seen[0]() is None

        await until(pilot, forgotten, what="its end")
        assert timers


async def test_what_a_view_had_painted_is_forgotten_with_it(open_app: Open) -> None:
    """Textual remembers two colours of each of the last 1024 widgets, by what the widget had painted."""
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.run_line("pods")
        await see(pilot, "90 rows", "api-0")
        painted = [weakref.ref(widget._styles_cache) for widget in app.screen.walk_children()]
        assert any(one() for one in painted)
        app.run_line("nodes")
        await see(pilot, "fleet/nodes")

        def forgotten() -> bool:
            gc.collect()
            return not any(one() for one in painted)

        await until(pilot, forgotten, what="the end of all that was painted")


async def test_a_table_that_somebody_holds_keeps_no_row_when_its_view_was_left(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.run_line("pods")
        await see(pilot, "90 rows", "api-0")
        assert isinstance(app.screen, ResourcesScreen)
        table = app.screen.table
        shown = weakref.ref(table.source)
        app.run_line("nodes")
        await see(pilot, "fleet/nodes")

        def let_go() -> bool:
            gc.collect()
            return shown() is None

        await until(pilot, let_go, what="the end of what the table showed")
        assert table.lines == []


async def test_names_remembered_for_speed_are_forgotten_with_the_lock(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.run_line("pods /api")
        await see(pilot, "90 rows", "api-0")
        assert compile_pattern.cache_info().currsize
        named = cells.cache_info().currsize
        app.action_lock()
        await see(pilot, "the vault is locked")
        await until(pilot, lambda: not app._retiring and not compile_pattern.cache_info().currsize)
        assert cells.cache_info().currsize < named
