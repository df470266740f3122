"""The one registry of what a person can do: it feeds keys, palette, ``:`` line, help and key line.

One file holds the actions of one scope. A screen or widget takes its bindings from here by scope, and offers
an action only while it works: its ``check_action`` says so, and the key line, the palette and the help screen
ask the same question.
"""

from __future__ import annotations

from console.actions import (
    acts,
    app,
    choices,
    events,
    favourites,
    fleet,
    form,
    frame,
    help,
    logs,
    metrics,
    objects,
    output,
    own,
    pane,
    prompt,
    reading,
    resources,
    rights,
    rights_table,
    search,
    settings,
    states,
    storage,
    table,
    text,
    tree,
    vault,
)
from console.actions.action import Action, Scope

__all__ = ["ACTIONS", "Action", "Scope", "in_scope"]

SCOPES = (
    app,
    frame,
    rights,
    table,
    favourites,
    fleet,
    settings,
    storage,
    resources,
    pane,
    search,
    events,
    rights_table,
    tree,
    metrics,
    objects,
    acts,
    own,
    text,
    logs,
    reading,
    choices,
    prompt,
    form,
    states,
    output,
    help,
    vault,
)
"""In the order of the help screen."""

ACTIONS: dict[str, Action] = {action.id: action for scope in SCOPES for action in scope.ACTIONS}
"""Every action by its id."""


def in_scope(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of these scopes, in the registry's order."""
    return tuple(action for action in ACTIONS.values() if action.scope in scopes)
