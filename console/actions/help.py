"""Keys of the help screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.HELP, palette=False)

ACTIONS = (action("help.search", "/", "screen.search", "search", "Keep the lines with these letters", bar=5),)
