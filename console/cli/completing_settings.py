"""What the shell offers after TAB for keys of settings and their values."""

from __future__ import annotations

from typing import Any

from console.cli.completing import words
from console.settings.fields import BadKey, field_at, fields, read_key
from console.settings.schema import Table, UserCommand, Values


def setting_keys(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Keys of settings; ids of actions after ``keys.``, kinds after ``tables.``."""
    table, dot, rest = incomplete.partition(".")
    if dot and table in _INSIDE:
        found = _INSIDE[table](rest)
    else:
        found = []
        for name, field in fields(Values).items():
            inner = fields(field.nested) if field.nested is not None else ()
            found += [f"{name}.{one}" for one in inner] or [f"{name}." if field.is_dict else name]
    return [key for key in found if key.startswith(incomplete)]


def _actions(_: str) -> list[str]:
    from console.actions import ACTIONS

    return [f"keys.{action_id}" for action_id in ACTIONS]


def _tables(rest: str) -> list[str]:
    kind, dot, _ = rest.partition(".")
    kinds = [kind] if dot else words(_NoContext, [], kind)
    return [f"tables.{kind}.{key}" for kind in kinds for key in fields(Table)]


def _commands(rest: str) -> list[str]:
    name, dot, _ = rest.partition(".")
    names = [name] if dot else list(_settings().commands)
    return [f"commands.{name}.{key}" for name in names for key in fields(UserCommand)]


def _named(table: str) -> Any:
    """Entries of a table that the file has already."""
    return lambda _: [f"{table}.{name}" for name in getattr(_settings(), table)]


_INSIDE: dict[str, Any] = {
    "keys": _actions,
    "tables": _tables,
    "commands": _commands,
    "aliases": _named("aliases"),
    "favourites": lambda _: [f"favourites.{slot}" for slot in "123456789"],
}


class _NoContext:
    """Words of a line on which nothing stands yet."""

    params: dict[str, Any] = {}
    args: list[str] = []


def _settings() -> Values:
    from console.settings import users_settings

    return users_settings().values


def setting_values(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """What the key on the line may be set to, where that is a choice."""
    from console.palettes import names

    key = str(ctx.params.get("key") or "")
    try:
        field = field_at(read_key(key))
    except BadKey:
        return []
    found: tuple[str, ...] = ()
    if key == "theme":
        found = names()
    elif field is not None and field.type is bool:
        found = ("true", "false")
    elif key.endswith(".where"):
        found = ("text", "terminal")
    elif key.endswith(".sort"):
        from backend.resources import registry

        kind = registry.builtin(key.split(".")[1])
        found = tuple(column.name for column in kind.columns) if kind else ()
    return [value for value in found if value.lower().startswith(incomplete.lower())]
