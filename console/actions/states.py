"""Keys of the dialog with every cluster's state."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.STATES)

ACTIONS = (
    action(
        "states.again",
        "r",
        "screen.connect_again",
        "connect again",
        "Read credentials again and connect anew to every cluster",
        bar=30,
        palette=False,
    ),
    action(
        "states.login",
        "L",
        "screen.log_in",
        "log in",
        "Let this cluster's program ask you, in the whole terminal",
        bar=29,
        palette=False,
    ),
    action(
        "states.programs",
        "P",
        "screen.programs",
        "programs",
        "Programs that clusters want to run to log in, waiting for your yes",
        bar=31,
        palette=False,
    ),
)
