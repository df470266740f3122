"""What can be done to the object under the cursor, or to the one that is open."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.OBJECT)

ACTIONS = (
    action(
        "describe",
        "d",
        "screen.detail('describe')",
        "describe",
        "What this object is and how it fares",
        bar=2,
    ),
    action(
        "yaml", "y", "screen.detail('yaml')", "yaml", "The whole object; secret values stay masked", bar=3
    ),
    action("events", "v", "screen.detail('events')", "events", "What happened to this object lately", bar=4),
    action(
        "copy",
        "c",
        "screen.copy",
        "copy name",
        "Copy the object's name to your terminal's clipboard (OSC 52)",
        bar=20,
    ),
    action(
        "delete",
        "D",
        "screen.delete",
        "delete",
        "Delete, with a preview of what else falls",
        bar=50,
        changes=True,
    ),
)
