"""On which line of a TOML file a key stands: the parser does not tell."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from console.settings.fields import Path

_HEADER = re.compile(r"\s*(\[\[?.*?\]\]?)\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_.\s-]|"(?:[^"\\]|\\.)*"|'[^']*')+?)\s*=""")


def line_of(text: str, path: Path) -> int | None:
    """The line (from 1) of this key, or of the nearest table around it; None when it is nowhere.

    Good enough for messages: the lines of texts that run over several lines may be mistaken for keys.
    """
    best: tuple[int, int] | None = None
    table: Path = ()
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1]) or table
            here = table
        elif key := _KEY.match(line):
            here = table + _parts(f"{key[1]} = 0")
        else:
            continue
        if here and here == path[: len(here)] and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None


def _parts(line: str) -> Path:
    """The key that this one line names."""
    try:
        found: Any = tomllib.loads(line)
    except (tomllib.TOMLDecodeError, RecursionError):
        return ()
    parts = []
    while isinstance(found, (dict, list)) and found:
        if isinstance(found, list):
            found = found[0]
            continue
        [(part, found)] = list(found.items())[:1]
        parts.append(part)
    return tuple(parts)
