"""What types can't say: ids that exist, keys with one meaning, lines that can be read, safe programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from console.settings.fields import Path
from console.settings.reading import Check
from console.settings.schema import UserCommand, Values

Found = tuple[Path, str]
SLOTS = frozenset("123456789")
_BAD_SLOT = "favourites are on the keys 1 to 9"
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_ANY_KIND = "pods"


def _keys(values: Values) -> list[Found]:
    if not values.keys and not any(command.key for command in values.commands.values()):
        return []
    from console.actions.keys import refusals
    from console.user_commands.actions import actions_of

    found: list[Found] = []
    own = actions_of(values.commands)
    for action_id, why in refusals(values.keys, own=own):
        name = action_id.removeprefix("command.")
        path = ("keys", action_id) if action_id in values.keys else ("commands", name, "key")
        found.append((path, why))
    return found


def _aliases(values: Values) -> list[Found]:
    return [(("aliases", word), why) for word, line in values.aliases.items() if (why := _alias(word, line))]


def _slot_names(values: Values) -> list[Found]:
    found: list[Found] = [
        (("favourites", slot), _BAD_SLOT) for slot in values.favourites if slot not in SLOTS
    ]
    for kind, table in values.tables.items():
        found += [
            (("tables", kind, "favourites", slot), _BAD_SLOT)
            for slot in table.favourites
            if slot not in SLOTS
        ]
    return found


def _alias(word: str, line: str) -> str:
    from console.completion import kind_words, words
    from console.views import SCREENS

    if not _WORD.fullmatch(word):
        return "an alias is one word of letters, digits, - and _"
    if word in kind_words() or word in words() or word in SCREENS or word == "screen":
        return f"{word} means something already"
    return _line(line)


def _favourites(values: Values) -> list[Found]:
    found = list(_slots(("favourites",), values.favourites))
    for kind, table in values.tables.items():
        found += _slots(("tables", kind, "favourites"), table.favourites)
    return found


def _slots(path: Path, favourites: dict[str, str]) -> Iterator[Found]:
    for slot, line in favourites.items():
        if why := _line(line) if line.startswith(":") else _query(f"{_ANY_KIND} {line}"):
            yield (*path, slot), why


def _line(line: str) -> str:
    """Why this is no line of the ``:`` prompt; '' when it is one."""
    from console.completion import words

    text = line.strip().removeprefix(":").strip()
    if text in words() or text.startswith("screen "):
        return ""
    return _query(text)


def _query(line: str) -> str:
    from backend.fleet.query import QuerySyntaxError, parse_line

    try:
        parse_line(line)
    except QuerySyntaxError as error:
        return str(error.sentence)
    return ""


def _commands(values: Values) -> list[Found]:
    return [
        (("commands", name), why)
        for name, command in values.commands.items()
        if (why := _command(name, command))
    ]


def _command(name: str, command: UserCommand) -> str:
    from console.actions.keys import BadKeyName, key_name
    from console.user_commands.argv import why_not

    if not _WORD.fullmatch(name):
        return "a command's name is one word of letters, digits, - and _"
    if command.key:
        try:
            key_name(command.key)
        except BadKeyName as error:
            return str(error)
    return why_not(command.run)


def _providers(values: Values) -> list[Found]:
    return [
        (("providers", name), "it names no program to run")
        for name, provider in values.providers.items()
        if not provider.run or not provider.run[0]
    ]


def _theme(values: Values) -> list[Found]:
    from console.palettes import names

    if not values.theme or values.theme in names():
        return []
    return [(("theme",), f"there is no theme {values.theme!r}; there are: {', '.join(names())}")]


QUICK: tuple[Check, ...] = (_theme, _commands, _providers, _keys, _slot_names)
"""For the console's first picture, which must not wait for kinds and regular expressions to be imported."""
THOROUGH: tuple[Check, ...] = (*QUICK, _aliases, _favourites)
