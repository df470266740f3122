"""Walks the schema: which settings there are, at which key, of which type."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from console.settings.schema import Values

Path = tuple[str, ...]
"""A key, part by part: ``("tables", "pods", "shown")``."""


@dataclass(frozen=True, slots=True)
class Field:
    """One setting of a struct."""

    name: str
    type: Any
    """Without description and limits."""
    hint: Any
    """With them."""
    description: str
    default: Any
    required: bool

    @property
    def struct(self) -> type[msgspec.Struct] | None:
        """What this holds for each name, if it is a table of structs."""
        inner = get_args(self.type)[1] if self.is_dict else None
        return inner if isinstance(inner, type) and issubclass(inner, msgspec.Struct) else None

    @property
    def nested(self) -> type[msgspec.Struct] | None:
        """The struct that this is, if it is a group of settings with names of their own."""
        return self.type if isinstance(self.type, type) and issubclass(self.type, msgspec.Struct) else None

    @property
    def limits(self) -> tuple[int | float, int | float] | None:
        """The smallest and the largest number, for numbers that have such."""
        note = next((n for n in get_args(self.hint)[1:] if isinstance(n, msgspec.Meta)), None)
        return (note.ge, note.le) if note and note.ge is not None and note.le is not None else None

    @property
    def wanted(self) -> str:
        """What may stand here, in words."""
        words = type_words(self.type)
        return f"{words} from {self.limits[0]} to {self.limits[1]}" if self.limits else words

    @property
    def is_dict(self) -> bool:
        return get_origin(self.type) is dict


@cache
def fields(struct: type[msgspec.Struct]) -> dict[str, Field]:
    """The settings of a struct by name, in their order."""
    hints = get_type_hints(struct, include_extras=True)
    found = {}
    for field in msgspec.structs.fields(struct):
        bare, description = _bare(hints[field.name])
        default = None if field.required else _default(field)
        found[field.name] = Field(field.name, bare, hints[field.name], description, default, field.required)
    return found


def _default(field: Any) -> Any:
    return field.default if field.default is not msgspec.NODEFAULT else field.default_factory()


def _bare(hint: Any) -> tuple[Any, str]:
    if get_origin(hint) is not Annotated:
        return hint, ""
    bare, *notes = get_args(hint)
    said = next((note.description for note in notes if isinstance(note, msgspec.Meta)), None)
    return bare, said or ""


def field_at(path: Path) -> Field | None:
    """The setting that this key names; for a name inside a table, the table's entry. None: there is none."""
    struct: type[msgspec.Struct] = Values
    at = 0
    while at < len(path):
        field = fields(struct).get(path[at])
        if field is None:
            return None
        rest = path[at + 1 :]
        if not rest:
            return field
        if field.nested is not None:
            struct, at = field.nested, at + 1
            continue
        if not field.is_dict:
            return None
        inner = get_args(field.type)[1]
        if len(rest) == 1:
            return Field(rest[0], inner, inner, field.description, None, False)
        if field.struct is None:
            return None
        struct, at = field.struct, at + 2
    return None


def leaves() -> Iterator[tuple[str, Field]]:
    """Every setting as the page names it: ``tables.KIND.shown``."""
    for name, field in fields(Values).items():
        if field.struct is not None:
            for inner, one in fields(field.struct).items():
                yield f"{name}.{_PLACEHOLDER[name]}.{inner}", one
        elif field.nested is not None:
            for inner, one in fields(field.nested).items():
                yield f"{name}.{inner}", one
        elif field.is_dict:
            yield f"{name}.{_PLACEHOLDER[name]}", field
        else:
            yield name, field


_PLACEHOLDER = {
    "keys": "ID",
    "aliases": "WORD",
    "favourites": "1…9",
    "tables": "KIND",
    "providers": "NAME",
    "commands": "NAME",
}


def type_words(hint: Any) -> str:
    """A type as a person calls it."""
    origin = get_origin(hint)
    if origin is Literal:
        return " or ".join(f'"{value}"' for value in get_args(hint))
    if origin is tuple:
        return "a list of texts"
    if origin is dict:
        return "a table"
    if origin in (Union, UnionType):
        return " or ".join(type_words(one) for one in get_args(hint))
    return {bool: "true or false", str: "a text", int: "a whole number", float: "a number"}.get(
        hint, "a table"
    )


class BadKey(ValueError):
    """A key that can't be read, or that names no setting."""

    exit_code = 2

    def __init__(self, sentence: str, advice: str = "") -> None:
        self.sentence, self.advice = sentence, advice
        super().__init__(sentence)


def read_key(text: str) -> Path:
    """A dotted key as TOML writes it (``keys."table.up"``), part by part. Raises BadKey.

    Ids of actions hold dots themselves: ``keys.table.up`` is understood too.
    """
    try:
        found: Any = tomllib.loads(f"{text} = 0")
    except (tomllib.TOMLDecodeError, RecursionError):
        raise BadKey(
            f"{text!r} is not a key", 'Keys look like theme, keys.help or keys."table.up".'
        ) from None
    parts = []
    while isinstance(found, dict) and len(found) == 1:
        [(part, found)] = found.items()
        parts.append(part)
    if (
        len(parts) > 2
        and (field := fields(Values).get(parts[0])) is not None
        and field.is_dict
        and not field.struct
    ):
        parts = [parts[0], ".".join(parts[1:])]
    return tuple(parts)


def written(path: Path) -> str:
    """The key as TOML writes it."""
    return ".".join(part if _is_bare(part) else f'"{_escaped(part)}"' for part in path)


def _is_bare(part: str) -> bool:
    return bool(part) and part.isascii() and part.replace("-", "").replace("_", "").isalnum()


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace('"', '\\"')
