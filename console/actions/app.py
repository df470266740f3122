"""Keys that work everywhere, dialogs included."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.APP)

ACTIONS = (
    action(
        "palette",
        "ctrl+p",
        "app.palette",
        "palette",
        "Find anything you can do here by a few letters",
        bar=92,
        palette=False,
        priority=True,
    ),
    action(
        "jump",
        "ctrl+o",
        "app.jump",
        "jump",
        "A letter on everything that can be gone to; typing it goes there",
        palette=False,
        priority=True,
    ),
    action(
        "lock",
        "ctrl+l",
        "app.lock",
        "lock",
        "Lock the vault now: keys leave memory, connections close",
        word="lock",
        priority=True,
    ),
    action(
        "lock_screen",
        "f12",
        "app.lock_screen",
        "lock screen",
        "Cover the screen until a passphrase is typed; clusters stay connected behind it",
        word="lock-screen",
    ),
    action("quit", "ctrl+q", "app.leave", "quit", "Leave Navarch", word="quit", priority=True),
    action(
        "suspend",
        "ctrl+z",
        "app.suspend_process",
        "suspend",
        "Put Navarch into the background; fg brings it back",
        palette=False,
    ),
)
