"""Keys of the lists of objects."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.RESOURCES)

ACTIONS = (
    action("export", "ctrl+e", "screen.export", "export", "Write what is shown to a file: CSV, JSON or SVG"),
    action(
        "filter", "/", "screen.filter", "filter", "Keep the rows that match a pattern, as you type", bar=91
    ),
    action(
        "pin",
        "K",
        "screen.pin",
        "pin",
        "Keep this list live while other screens are shown; again to let it go",
        word="pin",
    ),
    action(
        "metrics.here",
        "m",
        "screen.metrics",
        "metrics",
        "How much these objects use: charts, waste, pressure",
        bar=44,
    ),
    action(
        "problems",
        "z",
        "screen.problems",
        "problems",
        "Only rows that are failing or warning; again for all",
        bar=41,
    ),
)
