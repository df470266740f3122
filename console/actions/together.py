"""Which scopes' keys work at the same time: within one of these sets a key means one thing."""

from __future__ import annotations

from console.actions.action import Scope

TOGETHER: tuple[frozenset[Scope], ...] = (
    frozenset({Scope.APP, Scope.FRAME, Scope.TABLE, Scope.RESOURCES, Scope.OBJECT, Scope.SEARCH}),
    frozenset({Scope.APP, Scope.FRAME, Scope.TABLE, Scope.FLEET}),
    frozenset({Scope.APP, Scope.FRAME, Scope.READING, Scope.TEXT, Scope.OBJECT}),
    frozenset({Scope.APP, Scope.FORM, Scope.LIST, Scope.STATES}),
)


def together(one: Scope, other: Scope) -> bool:
    """Whether a key of the one could be pressed where a key of the other works too."""
    return one is other or any({one, other} <= scopes for scopes in TOGETHER)
