"""Keys of forms, in dialogs."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.FORM)

ACTIONS = (
    action(
        "form.cancel",
        "escape",
        "screen.cancel",
        "cancel",
        "Leave without doing anything",
        bar=90,
        palette=False,
    ),
    action(
        "form.accept",
        "ctrl+s",
        "screen.accept",
        "accept",
        "Do what this form says",
        bar=10,
        palette=False,
        priority=True,
    ),
    action(
        "form.next", "tab", "screen.next_field(1)", "next field", "To the next field", bar=20, palette=False
    ),
    action(
        "form.previous",
        "shift+tab",
        "screen.next_field(-1)",
        "field before",
        "To the field before",
        palette=False,
    ),
)
