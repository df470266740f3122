"""From the action registry to Textual's bindings, and from keys to what a person reads.

Every binding carries the id of its action, so that ``App.set_keymap`` can move it to another key.
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

from console.actions import ACTIONS, Action, Scope, in_scope

_NAMES = {
    "enter": "⏎",
    "escape": "esc",
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "minus": "-",
    "asterisk": "*",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "exclamation_mark": "!",
}


class UnknownBinding(ValueError):
    """A keymap names an action that does not exist."""


def binding(action: Action) -> Binding:
    """Textual's form of one action."""
    return Binding(
        action.keys,
        action.call,
        action.label,
        show=bool(action.bar),
        priority=action.priority,
        tooltip=action.told,
        id=action.id,
    )


def bindings(*scopes: Scope) -> list[BindingType]:
    """The bindings of these scopes, for a class's ``BINDINGS``."""
    return [binding(action) for action in in_scope(*scopes)]


def shown(key: str) -> str:
    """A key as the key line writes it: ``ctrl-p``, ``⏎``, ``:``."""
    *modifiers, name = key.strip().split("+")
    return "-".join([*modifiers, _NAMES.get(name, name)])


def checked(keymap: dict[str, str]) -> dict[str, str]:
    """The keymap, or UnknownBinding naming the ids that are not in the registry."""
    unknown = sorted(set(keymap) - set(ACTIONS))
    if unknown:
        raise UnknownBinding(f"no action is called {', '.join(unknown)}; see the help screen for the names")
    return keymap
