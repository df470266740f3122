"""What is on the screen, as a person at the terminal would read it; and waiting until it is there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.app import App
from textual.pilot import Pilot

DEADLINE = 60.0
"""Seconds until what was awaited counts as not coming: the machine may be busy."""


def screen_text(app: App[None]) -> str:
    """Every line of the terminal, without trailing spaces."""
    height = app.size.height
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips[:height])


async def until(pilot: Pilot[None], condition: Callable[[], object], *, what: str = "") -> None:
    """Let the app work until the condition holds; fails with the screen's text after the deadline."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not reached: {what or condition}\n{screen_text(pilot.app)}")
        await pilot.pause()
        await asyncio.sleep(0)


async def see(pilot: Pilot[None], *texts: str) -> str:
    """Wait until all texts are on the screen; returns the whole screen."""
    await until(pilot, lambda: all(text in screen_text(pilot.app) for text in texts), what=f"{texts}")
    return screen_text(pilot.app)


async def gone(pilot: Pilot[None], text: str) -> None:
    await until(pilot, lambda: text not in screen_text(pilot.app), what=f"no {text!r}")


async def write(pilot: Pilot[None], text: str) -> None:
    """Type this text."""
    await pilot.press(*("space" if c == " " else c for c in text))
