"""Keys of the search's screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.SEARCH)

ACTIONS = (
    action(
        "search.again",
        "ctrl+r",
        "screen.search_again",
        "search again",
        "Ask every cluster again",
        bar=43,
    ),
)
