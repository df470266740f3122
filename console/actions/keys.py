"""Names of keys as people write them, and whether a remapping leaves every key one meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from console.actions import ACTIONS, Action, Scope
from console.actions.together import together

_EDITING = ("enter", "escape", "tab", "space", "backspace", "delete", "insert")
_MOVING = ("home", "end", "pageup", "pagedown", "up", "down", "left", "right")
_NAMED = frozenset({*_EDITING, *_MOVING, *(f"f{number}" for number in range(1, 25))})
_ALSO = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete"}
_RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Where Textual's name of a character is not Unicode's."""
_MODIFIER = re.compile(r"(ctrl|alt|shift)[+-](?=.)")
_SAME_BYTE = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+h": "backspace", "ctrl+left_square_bracket": "escape"}


class BadKeyName(ValueError):
    """What was written names no key a terminal can send."""


def character_name(character: str) -> str:
    """Textual's name of a key that types this character: ``?`` is ``question_mark``."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return _RENAMED.get(name, name)


CHARACTERS = {character_name(chr(code)): chr(code) for code in range(0x21, 0x7F)}
"""From the names of keys that type ASCII characters to the characters."""


def key_name(text: str) -> str:
    """One key by Textual's name: ``ctrl-p`` is ``ctrl+p``, ``?`` is ``question_mark``. Raises BadKeyName."""
    rest = text.strip()
    modifiers = set()
    while found := _MODIFIER.match(rest):
        modifiers.add(found[1])
        rest = rest[found.end() :]
    rest = _ALSO.get(rest.lower(), rest)
    if len(rest) == 1 and rest.isprintable() and not rest.isspace():
        name = character_name(rest)
    elif rest.lower() in _NAMED:
        name = rest.lower()
    elif rest in CHARACTERS:
        name = rest
    else:
        raise BadKeyName(f"{text!r} is no key; keys are f5, ctrl+p, ?, X, space, question_mark")
    if modifiers == {"shift"} and len(name) == 1:
        return name.upper()
    if "ctrl" in modifiers and len(name) == 1:
        name = name.lower()
    full = "+".join([*sorted(modifiers, key=("alt", "ctrl", "shift").index), name])
    if full in _SAME_BYTE:
        raise BadKeyName(f"a terminal can't tell {full} from {_SAME_BYTE[full]}")
    return full


def key_names(keys: str) -> tuple[str, ...]:
    """Keys joined by commas. Raises BadKeyName; also for an empty list."""
    found = tuple(dict.fromkeys(key_name(key) for key in keys.split(",") if key.strip()))
    if not found:
        raise BadKeyName("no key is named; take the line out for the usual one")
    return found


def is_typed(key: str) -> bool:
    """Whether this key types a character into a field."""
    return len(key) == 1 or key == "space" or key in CHARACTERS


Refusal = tuple[str, str]
"""(id of the action, why)."""


def refusals(keymap: Mapping[str, str], *, own: Sequence[Action] = ()) -> Iterator[Refusal]:
    """What of a keymap can't be had: unknown ids, bad names, keys that mean something else already.

    ``own``: actions that are not in the registry (a person's own programs), with the keys they want.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for action_id, keys in keymap.items():
        action = ACTIONS.get(action_id)
        if action is None:
            yield action_id, "no action has this id; docs/keys.md and navarch settings keys list them"
            continue
        try:
            names = key_names(keys)
        except BadKeyName as error:
            yield action_id, str(error)
            continue
        typed = [key for key in names if action.priority and is_typed(key)]
        if typed:
            yield action_id, f"{typed[0]} types a character, and {action_id} would take it from every field"
            continue
        wanted[action_id] = names
    yield from _conflicts(wanted, own)


def _conflicts(wanted: Mapping[str, tuple[str, ...]], own: Sequence[Action]) -> Iterator[Refusal]:
    """Two actions on one key, where a person chose at least one of the two; the later choice is refused."""
    order = {action_id: place for place, action_id in enumerate([*wanted, *(a.id for a in own)])}
    keyed = [
        (action, wanted.get(action.id) or tuple(key_name(key) for key in action.keys.split(",")))
        for action in (*ACTIONS.values(), *own)
        if action.keys
    ]
    for (one, ones), (other, others) in combinations(keyed, 2):
        both = set(ones) & set(others)
        if not both or not (one.id in order or other.id in order) or not together(one.scope, other.scope):
            continue
        later, earlier = sorted((one, other), key=lambda a: order.get(a.id, -1), reverse=True)
        yield (
            later.id,
            f"{min(both)} would mean {later.id} ({later.label}) and {earlier.id} ({earlier.label}, "
            f"{_where(earlier)}) at once",
        )


def _where(action: Action) -> str:
    return "everywhere" if action.scope is Scope.APP else action.scope.value.lower()
