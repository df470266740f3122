"""Keys of the screens of events."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.EVENTS)

ACTIONS = (
    action(
        "events.range",
        "W",
        "screen.range",
        "time range",
        "How far back: a quarter of an hour to all that was kept",
        bar=43,
    ),
)
