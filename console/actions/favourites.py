"""Favourite filters on the digits, in every table."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.FAVOURITES, palette=False)

ACTIONS = (
    *(
        action(
            f"favourite.{slot}",
            str(slot),
            f"screen.favourite('{slot}')",
            f"favourite {slot}",
            "Your favourite filter on this key",
        )
        for slot in range(1, 10)
    ),
    action(
        "favourite.clear",
        "0",
        "screen.clear_filters",
        "no filter",
        "All rows of all clusters and namespaces: clear every filter",
        palette=True,
    ),
    action(
        "favourite.keep",
        "plus",
        "screen.keep_favourite",
        "keep filter",
        "Keep this filter as a favourite, on a digit",
        palette=True,
    ),
)
