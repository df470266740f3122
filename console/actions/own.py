"""A person's own programs; each one that has a key of its own is an action besides."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.OWN)

ACTIONS = (
    action(
        "own",
        "u",
        "screen.user_commands",
        "own programs",
        "Your own programs for this object, from settings.toml",
        bar=61,
    ),
)
