"""A plain-text sheet: sections of aligned fields, indented blocks and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from backend.resources.document import to_yaml
from backend.text import SafeStr, cells, safe_text

_INDENT = "  "
VALUE_LIMIT = 1000


class Sheet:
    """Collects lines; every value passes ``safe_text`` on its way in."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._fields: list[tuple[str, list[str]]] = []
        self._depth = 0

    def field(self, label: str, value: object) -> None:
        """``label: value``; nothing for an empty value, one line per item for a list or mapping."""
        values = [str(safe_text(text, limit=VALUE_LIMIT)) for text in _values(value)]
        if any(values):
            self._fields.append((f"{safe_text(label)}:", values))

    def section(self, title: str, *, depth: int = 0) -> None:
        """Begin a section; what follows is indented under its title."""
        self._flush()
        if depth == 0 and self._lines:
            self._lines.append("")
        self._lines.append(f"{_INDENT * depth}{safe_text(title)}")
        self._depth = depth + 1

    def tree(self, value: object) -> None:
        """Any value as an indented block of YAML."""
        self._flush()
        indent = _INDENT * self._depth
        self._lines += [indent + line for line in to_yaml(value).splitlines()]

    def text(self, value: object) -> None:
        """Lines as they are."""
        self._flush()
        indent = _INDENT * self._depth
        found = safe_text(value, multiline=True, limit=64 * 1024)
        self._lines += [indent + line for line in found.splitlines()]

    def table(self, titles: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Aligned columns; nothing without rows."""
        self._flush()
        body = [[str(safe_text(cell, limit=VALUE_LIMIT)) for cell in row] for row in rows]
        if not body:
            return
        lines = [list(titles), *body]
        widths = [max(cells(line[at]) for line in lines) for at in range(len(titles))]
        indent = _INDENT * self._depth
        for line in lines:
            padded = (text + " " * (width - cells(text)) for text, width in zip(line, widths, strict=True))
            self._lines.append((indent + "  ".join(padded)).rstrip())

    def _flush(self) -> None:
        width = max((cells(label) for label, _ in self._fields), default=0)
        indent = _INDENT * self._depth
        for label, values in self._fields:
            for at, value in enumerate(values):
                shown = label if at == 0 else ""
                self._lines.append(f"{indent}{shown}{' ' * (width - cells(shown))}  {value}".rstrip())
        self._fields = []

    def render(self) -> SafeStr:
        self._flush()
        return SafeStr("\n".join(self._lines) + "\n")


def _values(value: object) -> list[object]:
    if value is None or value == "":
        return []
    if isinstance(value, Mapping):
        return [f"{key}={entry}" for key, entry in value.items()]
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [value]
