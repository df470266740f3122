"""Keys of the screen that shows what a program of one's own writes."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.OUTPUT, palette=False)

ACTIONS = (
    action("output.stop", "x", "screen.stop", "stop", "End the program that runs", bar=5),
    action("output.wrap", "w", "screen.wrap", "wrap", "Wrap long lines, or cut them", bar=12),
    action("output.copy", "c", "screen.copy", "copy", "Copy the output to your terminal's clipboard", bar=13),
)
