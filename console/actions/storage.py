"""Keys of the storage screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.STORAGE)

ACTIONS = (
    action("storage.filter", "/", "screen.filter", "filter", "Keep the rows that match a pattern", bar=91),
    action(
        "storage.problems",
        "z",
        "screen.problems",
        "problems",
        "Only what is not as it should be; again for all",
        bar=41,
    ),
    action(
        "storage.turn",
        "v",
        "screen.turn",
        "turn",
        "Turn the tree: pools with their replicas, or volumes with theirs",
        bar=40,
    ),
    action(
        "storage.start",
        "u",
        "screen.start_engine",
        "start engine",
        "Start the block engine on this machine (navarch engine local up)",
        bar=6,
    ),
)
