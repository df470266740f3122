"""Reads scenario files; a mistake is told with its line and what is wrong."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import yaml

from backend.demo.scenarios.acts import Act

_LARGEST = 256 * 1024
_PLACE = re.compile(r" - at `\$?(.*)`$")
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")


class UnknownScenario(LookupError):
    """Neither a scenario's name nor a file."""


class BadScenario(ValueError):
    """A scenario file with a mistake; the message begins with file and line."""


class Scenario(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a scenario file says."""

    name: str = ""
    """The file's, without its ending."""
    summary: str
    """One sentence, for help."""
    clusters: int | None = None
    """How many, where nobody asks for another number."""
    pods: int | None = None
    """About so many in each cluster, likewise."""
    story: list[Act] = msgspec.field(default_factory=list)


def scenarios() -> dict[str, Scenario]:
    """Every scenario that comes with the program, by name."""
    found = {}
    for entry in sorted(files(__package__).iterdir(), key=lambda entry: entry.name):
        name, dot, ending = entry.name.rpartition(".")
        if dot and ending == "yaml":
            found[name] = read(entry.read_bytes(), origin=entry.name)
    return found


def scenario(name: str) -> Scenario:
    """A scenario by its name, or from a file by its path (anything with a slash or ending in .yaml).

    :raises UnknownScenario: with the names there are.
    :raises BadScenario: with file, line and what is wrong.
    """
    if "/" in name or name.endswith((".yaml", ".yml")):
        return _from_file(Path(name).expanduser())
    entry = files(__package__) / f"{name}.yaml"
    if not re.fullmatch(r"[\w-]+", name) or not entry.is_file():
        known = ", ".join(scenarios())
        raise UnknownScenario(f"there is no scenario {name!r}; there are: {known}; or name a file")
    return read(entry.read_bytes(), origin=entry.name)


def _from_file(path: Path) -> Scenario:
    try:
        if path.stat().st_size > _LARGEST:
            raise BadScenario(f"{path}: larger than {_LARGEST // 1024} KiB")
        data = path.read_bytes()
    except OSError as error:
        raise UnknownScenario(f"{path} can't be read: {error.strerror}") from None
    return read(data, origin=str(path))


def read(data: bytes, *, origin: str) -> Scenario:
    """:raises BadScenario: ``origin:line: what is wrong``."""
    try:
        loaded = yaml.load(data, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise BadScenario(f"{origin}:{line}: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(loaded, dict):
        raise BadScenario(f"{origin}:1: a scenario has a summary and a story")
    try:
        found = msgspec.convert(loaded, Scenario)
    except msgspec.ValidationError as error:
        text = str(error)
        place = _PLACE.search(text)
        steps = _STEP.findall(place[1]) if place else []
        raise BadScenario(f"{origin}:{_line(data, steps)}: {_PLACE.sub('', text)}") from None
    found.name = Path(origin).stem
    return found


def _line(data: bytes, steps: list[tuple[str, str]]) -> int:
    """The line on which the value at a path begins, as far as the path leads."""
    node: Any = yaml.compose(data, Loader=yaml.CSafeLoader)
    line = int(node.start_mark.line)
    for name, index in steps:
        if index and isinstance(node, yaml.SequenceNode) and int(index) < len(node.value):
            node = node.value[int(index)]
        elif name and isinstance(node, yaml.MappingNode):
            inner = [value for key, value in node.value if key.value == name]
            if not inner:
                break
            node = inner[0]
        else:
            break
        line = int(node.start_mark.line)
    return line + 1
