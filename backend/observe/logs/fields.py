"""Lines that are data: JSON objects and logfmt, as fields with dotted names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_LONGEST = 256 * 1024
_DEEPEST = 8
_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]*)=(?:"((?:[^"\\]|\\.)*)"|(\S*))(?:\s+|$)')
_ESCAPED = re.compile(r'\\(["\\nt])')
_FEWEST = 2
"""Pairs that make a line logfmt: one alone may be part of a sentence."""
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_json = msgspec.json.Decoder()


def document_of(text: bytes) -> dict[str, Any] | None:
    """The line as nested data; None: it is neither JSON nor logfmt."""
    if len(text) > _LONGEST:
        return None
    stripped = text.strip()
    if stripped.startswith(b"{"):
        try:
            found = _json.decode(stripped)
        except _UNREADABLE:
            return None
        return found if isinstance(found, dict) else None
    return _logfmt(stripped)


def _logfmt(text: bytes) -> dict[str, Any] | None:
    if b"=" not in text:
        return None
    line = text.decode("utf-8", "replace")
    found: dict[str, Any] = {}
    at = 0
    for pair in _PAIR.finditer(line):
        if pair.start() != at:
            break
        found[pair[1]] = _unescaped(pair[2]) if pair[2] is not None else pair[3]
        at = pair.end()
    return found if at == len(line) and len(found) >= _FEWEST else None


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


def fields_of(text: bytes) -> dict[str, str]:
    """The line's fields by dotted name (``http.path``); empty: it has none."""
    document = document_of(text)
    return dict(_flat(document, "", _DEEPEST)) if document else {}


def _flat(value: Mapping[str, Any], before: str, depth: int) -> Iterator[tuple[str, str]]:
    for key, inner in value.items():
        name = f"{before}{key}"
        if isinstance(inner, dict) and inner and depth:
            yield from _flat(inner, f"{name}.", depth - 1)
        elif isinstance(inner, str):
            yield name, inner
        else:
            yield name, msgspec.json.encode(inner).decode()
