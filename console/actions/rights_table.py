"""Keys of the screens about rights."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.RIGHTS)

ACTIONS = (
    action(
        "rights.filter", "/", "screen.filter", "filter", "Keep the rows in which a pattern is found", bar=91
    ),
    action(
        "rights.dangers", "z", "screen.dangers", "dangers", "Only rights that are more than they look", bar=41
    ),
    action(
        "rights.all", "a", "screen.every", "all kinds", "Show kinds too with which you may do nothing", bar=42
    ),
)
