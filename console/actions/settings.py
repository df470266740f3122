"""Keys of the settings screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.SETTINGS)

ACTIONS = (
    action("settings.find", "/", "screen.find", "find", "Keep the settings with these letters", bar=91),
    action(
        "settings.unset",
        "x,delete",
        "screen.unset",
        "default",
        "Take the setting out of the file: its default counts again",
        bar=10,
    ),
    action(
        "settings.file",
        "e",
        "screen.edit_file",
        "edit file",
        "Open settings.toml in your editor ($VISUAL, $EDITOR)",
        bar=11,
    ),
)
