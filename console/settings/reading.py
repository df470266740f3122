"""From a file's text to settings: what can't be understood is named, its default used, the rest kept."""

from __future__ import annotations

import copy
import difflib
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import msgspec

from backend.text import SafeStr, safe_text
from console.settings.fields import Field, Path, fields, type_words, written
from console.settings.lines import line_of
from console.settings.schema import Values

_AT = re.compile(r" - at `\$(.*)`$")
_SYNTAX_LINE = re.compile(r"\(at line (\d+), column \d+\)")
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """A part of the settings that is not used, and why."""

    path: Path
    reason: SafeStr
    line: int | None = None

    @property
    def sentence(self) -> SafeStr:
        where = f"line {self.line}: " if self.line else ""
        key = f"{written(self.path)}: " if self.path else ""
        return safe_text(f"{where}{key}{self.reason}")


@dataclass(frozen=True, slots=True)
class Read:
    """``readable`` False: the text is no TOML at all, and must not be written over."""

    values: Values
    problems: tuple[Problem, ...]
    data: dict[str, Any]
    readable: bool = True


Check = Callable[[Values], Sequence[tuple[Path, str]]]
"""Looks at settings whose types are right; gives the keys that make no sense, and why."""


def read(text: str, checks: Sequence[Check] = ()) -> Read:
    """The settings of this TOML text. Never raises: what is wrong is in ``problems``."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        line = int(found[1]) if (found := _SYNTAX_LINE.search(said)) else None
        reason = _SYNTAX_LINE.sub("", said).strip()
        return Read(Values(), (Problem((), safe_text(f"this is not TOML: {reason}"), line),), {}, False)
    except RecursionError:
        return Read(Values(), (Problem((), safe_text("this is nested too deeply")),), {}, False)
    made = understood(data, checks)
    problems = tuple(replace(p, line=line_of(text, p.path)) for p in made.problems)
    return replace(made, problems=problems)


def understood(data: dict[str, Any], checks: Sequence[Check] = ()) -> Read:
    """As :func:`read`, of what is parsed already."""
    kept = copy.deepcopy(data)
    problems: list[Problem] = []
    values = _struct(Values, kept, (), problems)
    while bad := [one for check in checks for one in check(values)]:
        # One at a time: taking a key back may be what makes another one right, or wrong.
        path, reason = bad[0]
        problems.append(Problem(path, safe_text(reason)))
        _remove(kept, path)
        values = _struct(Values, kept, (), [])
    return Read(values, tuple(problems), data)


def _remove(data: dict[str, Any], path: Path) -> None:
    inner = data
    for part in path[:-1]:
        inner = inner[part]
    del inner[path[-1]]


def _struct(struct: type[msgspec.Struct], data: Any, path: Path, problems: list[Problem]) -> Any:
    """An instance made of what is right in ``data``; ``_MISSING`` when it can't be made at all."""
    if not isinstance(data, dict):
        problems.append(Problem(path, SafeStr("this must be a table")))
        return _MISSING
    known = fields(struct)
    given = {}
    for name, value in data.items():
        field = known.get(name)
        if field is None:
            problems.append(Problem((*path, name), _unknown(name, known)))
            continue
        made = _value(field, value, (*path, name), problems)
        if made is not _MISSING:
            given[name] = made
    absent = [name for name, field in known.items() if field.required and name not in given]
    if absent:
        if all(name not in data for name in absent):
            problems.append(Problem(path, safe_text(f"{', '.join(absent)} is missing")))
        return _MISSING
    return struct(**given)


def _value(field: Field, value: Any, path: Path, problems: list[Problem]) -> Any:
    if field.nested is not None:
        return _struct(field.nested, value, path, problems)
    if not field.is_dict:
        return _leaf(field.hint, field.wanted, value, path=path, problems=problems)
    if not isinstance(value, dict):
        problems.append(Problem(path, SafeStr("this must be a table")))
        return _MISSING
    made = {}
    entry = get_args(field.type)[1]
    for name, inner in value.items():
        at = (*path, name)
        one = (
            _struct(field.struct, inner, at, problems)
            if field.struct is not None
            else _leaf(entry, type_words(entry), inner, path=at, problems=problems)
        )
        if one is not _MISSING:
            made[name] = one
    return made


def _leaf(hint: Any, wanted: str, value: Any, *, path: Path, problems: list[Problem]) -> Any:
    try:
        return msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        inside = _AT.search(str(error))
        where = f" (at {inside[1]})" if inside and inside[1] else ""
        if isinstance(value, dict):
            where = " (a key with dots in it is quoted)"
        problems.append(Problem(path, safe_text(f"this must be {wanted}{where}")))
        return _MISSING


def _unknown(name: str, known: dict[str, Field]) -> SafeStr:
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}?" if near else f"; there are: {', '.join(known)}"
    return safe_text(f"there is no such setting{hint}")
