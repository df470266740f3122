"""Keys of the screens that show one object as text."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.TEXT)

ACTIONS = (
    action(
        "text.tab",
        "tab",
        "screen.next_tab(1)",
        "next tab",
        "The next: describe, YAML, events, relations",
        bar=1,
    ),
    action("text.previous_tab", "shift+tab", "screen.next_tab(-1)", "previous tab", "The tab before"),
    action("text.find", "/", "screen.find", "find", "Find a pattern in this text", bar=91),
    action("text.next", "n", "screen.match(1)", "next match", "The next match", bar=10),
    action("text.previous", "N", "screen.match(-1)", "previous match", "The match before"),
    action("text.wrap", "w", "screen.wrap", "wrap", "Wrap long lines, or cut them", bar=12),
    action(
        "text.managed",
        "m",
        "screen.managed_fields",
        "managedFields",
        "Show or hide who owns which field",
        bar=13,
    ),
    action(
        "text.reveal",
        "x",
        "screen.reveal",
        "reveal a value",
        "Show one value of this secret for 30 seconds; the journal notes it",
        bar=5,
    ),
)
