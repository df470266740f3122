"""The pane beside a list, on wide terminals."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.RESOURCES)

ACTIONS = (
    action(
        "pane.other",
        "tab",
        "screen.other_side",
        "list/pane",
        "To the pane that explains the row under the cursor, and back",
        bar=43,
        palette=False,
    ),
    action(
        "pane",
        "|",
        "screen.pane",
        "pane",
        "Show or hide the pane beside the list, on terminals of 160 columns and more",
    ),
)
