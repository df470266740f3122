"""Which scopes' keys work at the same time: within one of these sets a key means one thing."""

from __future__ import annotations

from console.actions.action import Scope

_LISTS = {Scope.APP, Scope.FRAME, Scope.TABLE, Scope.FAVOURITES}
_TEXTS = {Scope.APP, Scope.FRAME, Scope.READING}
_DIALOGS = {Scope.APP, Scope.FORM, Scope.LIST}

TOGETHER: tuple[frozenset[Scope], ...] = (
    frozenset({*_LISTS, Scope.RESOURCES, Scope.OBJECT, Scope.OWN, Scope.SEARCH, Scope.EVENTS}),
    frozenset({*_LISTS, Scope.FLEET}),
    frozenset({Scope.APP, Scope.FRAME, Scope.TREE, Scope.OBJECT, Scope.OWN}),
    frozenset({*_LISTS, Scope.VAULT}),
    frozenset({*_LISTS, Scope.SETTINGS}),
    frozenset({*_LISTS, Scope.STORAGE}),
    frozenset({*_TEXTS, Scope.TEXT, Scope.OBJECT, Scope.OWN}),
    frozenset({*_TEXTS, Scope.LOGS}),
    frozenset({*_LISTS, Scope.RIGHTS}),
    frozenset({*_LISTS, Scope.METRICS}),
    frozenset({*_DIALOGS, Scope.STATES}),
    frozenset({*_DIALOGS, Scope.FALLS}),
    frozenset({Scope.APP, Scope.PROMPT}),
    frozenset({Scope.APP, Scope.FORM, Scope.PALETTE}),
    frozenset({Scope.APP, Scope.PATH}),
    frozenset({Scope.APP, Scope.FORM, Scope.READING, Scope.HELP}),
    frozenset({Scope.APP, Scope.FORM, Scope.READING, Scope.OUTPUT}),
)


def together(one: Scope, other: Scope) -> bool:
    """Whether a key of the one could be pressed where a key of the other works too."""
    return one is other or any({one, other} <= scopes for scopes in TOGETHER)
