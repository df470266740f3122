"""Keys about rights: what may be done, and as whom."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.FRAME)

ACTIONS = (
    action(
        "rights",
        "R",
        "screen.rights",
        "rights",
        "What you may do; on a service account or a binding: what that may do",
        word="rights",
    ),
    action(
        "as",
        "A",
        "screen.act_as",
        "act as…",
        "See and do everything with another user's rights (impersonation)",
        word="as",
    ),
    action(
        "login",
        "L",
        "screen.log_in",
        "log in",
        "Let the programs of clusters that need a login ask you, in the whole terminal",
        bar=7,
        word="login",
    ),
    action(
        "as.self",
        "U",
        "screen.act_as_ourselves",
        "ourselves again",
        "Stop acting as somebody else",
        bar=6,
    ),
)
