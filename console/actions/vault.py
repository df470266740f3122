"""Keys of the vault's screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.VAULT)

ACTIONS = (
    action("vault.add", "n", "screen.add_slot", "add a way in", "Another way into the vault", bar=10),
    action(
        "vault.remove",
        "D",
        "screen.remove_slot",
        "remove",
        "Take this way in away; the vault's key changes with it",
        bar=20,
    ),
    action(
        "vault.passwd",
        "p",
        "screen.change_passphrase",
        "passphrase",
        "Change the passphrase; the other ways in stay",
        bar=25,
    ),
    action(
        "vault.back_up", "b", "screen.back_up", "back up", "Copy the vault; the newest three stay", bar=30
    ),
    action(
        "vault.check", "K", "screen.check", "check", "Hold all of it against what was written to it", bar=31
    ),
)
