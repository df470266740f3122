"""Small tables and JSON for commands about the vault and its clusters."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from backend.text import cells, safe_text

GAP = "   "


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"


def print_table(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns on stdout; every cell is made safe here."""
    lines = [[safe_text(cell) for cell in row] for row in rows]
    widths = [max([cells(title), *(cells(line[at]) for line in lines)]) for at, title in enumerate(titles)]
    for line in ([safe_text(title) for title in titles], *lines):
        padded = [text + " " * (width - cells(text)) for text, width in zip(line, widths, strict=True)]
        sys.stdout.write(GAP.join(padded).rstrip() + "\n")


def print_json(value: Any) -> None:
    """ASCII only, so that no hostile text reaches a terminal."""
    sys.stdout.write(json.dumps(value, indent=2) + "\n")


def moment(seconds: float) -> str:
    """RFC 3339, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
