"""From the action registry to Textual's bindings, and from keys to what a person reads.

Every binding carries the id of its action, so that ``App.set_keymap`` can move it to another key.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.binding import Binding, BindingType

from console.actions import Action, Scope, in_scope
from console.actions.keys import CHARACTERS, key_names

_NAMES = {
    **CHARACTERS,
    "enter": "⏎",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


_NO_KEY = "no_key_"
"""Begins the names of keys that no terminal sends: the place a keymap moves an action without keys from."""


def binding(action: Action) -> Binding:
    """Textual's form of one action."""
    return Binding(
        action.keys or f"{_NO_KEY}{action.id}",
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
    """A key as the key line writes it: ``ctrl-p``, ``⏎``, ``:``; empty for an action without one."""
    if key.startswith(_NO_KEY):
        return ""
    *modifiers, name = key.strip().split("+")
    return "-".join([*modifiers, _NAMES.get(name, name)])


def textual_keymap(keys: Mapping[str, str]) -> dict[str, str]:
    """The settings' keys as ``App.set_keymap`` wants them; they were checked when the settings were read."""
    return {action_id: ",".join(key_names(names)) for action_id, names in keys.items()}
