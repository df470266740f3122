"""The settings as tables, a JSON schema and a page: what the command line, the screen and docs show."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from console.settings.fields import Path, field_at, fields, leaves, type_words, written
from console.settings.schema import Values
from console.settings.store import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One setting as a person looks at it."""

    path: Path
    value: Any
    default: Any
    description: str
    given: bool
    """Whether the file sets it."""

    @property
    def key(self) -> str:
        return written(self.path)


def told(settings: Settings) -> list[Told]:
    """Every setting that has a value of its own, and each entry of the tables that the file fills."""
    return list(_told(settings.values, (), settings.data))


def _told(struct: msgspec.Struct, path: Path, data: Any) -> Iterator[Told]:
    for name, field in fields(type(struct)).items():
        value, at, given = getattr(struct, name), (*path, name), data.get(name) if data else None
        if field.nested is not None:
            yield from _told(value, at, given)
        elif not field.is_dict:
            yield Told(
                path=at,
                value=value,
                default=field.default,
                description=field.description,
                given=given is not None,
            )
        for entry, inner in value.items() if field.is_dict else ():
            if isinstance(inner, msgspec.Struct):
                yield from (one for one in _told(inner, (*at, entry), (given or {}).get(entry)) if one.given)
            else:
                yield Told(
                    path=(*at, entry),
                    value=inner,
                    default=usual(*at, entry),
                    description=field.description,
                    given=True,
                )


def usual(*path: str) -> Any:
    """What holds where the file says nothing."""
    if path[0] == "keys" and len(path) == 2:
        from console.actions import ACTIONS

        action = ACTIONS.get(path[1])
        return action.keys if action else None
    field = field_at(path)
    return field.default if field else None


def value_at(settings: Settings, path: Path) -> Any:
    """What holds at this key now; of a table, what the file sets in it."""
    field = field_at(path)
    if field is not None and (field.is_dict or type_words(field.type) == "a table"):
        found: Any = settings.data
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return found
    value: Any = settings.values
    for part in path:
        if isinstance(value, dict):
            if part not in value:
                return usual(*path)
            value = value[part]
        else:
            value = getattr(value, part)
    return value


def toml(value: Any) -> str:
    """A value as the file writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{written((k,))} = {toml(v)}" for k, v in value.items()) + " }"
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def parsed(path: Path, text: str) -> Any:
    """What is meant by a value that was typed: TOML, or the bare text where a text is wanted."""
    field = field_at(path)
    if field is not None and field.type is bool and text.lower() in {"on", "yes", "off", "no"}:
        return text.lower() in {"on", "yes"}
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        value = text
    wants_text = field is not None and type_words(field.type).startswith(("a text", '"'))
    return text if wants_text and not isinstance(value, str) else value


def schema() -> dict[str, Any]:
    """The settings as a JSON schema (2020-12), for editors that check TOML by one."""
    made = msgspec.json.schema(Values)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Navarch settings", **made}


def reference() -> str:
    """The table of docs/settings.md: every key, its type, its default, what it does."""
    lines = ["| key | type | default | does |", "|---|---|---|---|"]
    for key, field in leaves():
        default = "" if field.required or field.is_dict else f"`{toml(field.default)}`"
        said = field.description.replace("|", "\\|")
        lines.append(f"| `{key}` | {field.wanted} | {default} | {said} |")
    return "\n".join(lines) + "\n"
