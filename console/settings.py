"""What a person chose about the console's looks, kept from run to run: colours, columns. No secrets.

A small JSON file in the configuration folder. A damaged, foreign or unreadable one counts as none and is
replaced at the next choice; one that can't be written loses only the choice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from backend.text import safe_text

_LARGEST = 256 * 1024
_MOST = 200
"""Kinds whose columns are remembered; the ones chosen longest ago are forgotten."""


class Columns(msgspec.Struct, frozen=True):
    """What one kind shows beside (``shown``) and without (``hidden``) its usual columns."""

    shown: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()


class _Kept(msgspec.Struct):
    theme: str = ""
    columns: dict[str, Columns] = {}


class Settings:
    """Read once at the start, written at each choice. ``path`` None: kept in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._kept = _read(path) if path is not None else _Kept()

    @property
    def theme(self) -> str:
        """The name of the palette last chosen; may be one that is not there any more. Empty: none."""
        return self._kept.theme

    def choose_theme(self, name: str) -> None:
        self._kept.theme = name
        self._write()

    def columns(self, kind: str) -> Columns:
        return self._kept.columns.get(_plain(kind), Columns())

    def choose_columns(self, kind: str, *, shown: Iterable[str], hidden: Iterable[str]) -> None:
        """Remember one kind's columns; their names may come from a cluster."""
        chosen, key = self._kept.columns, _plain(kind)
        chosen.pop(key, None)
        chosen[key] = Columns(
            shown=tuple(sorted(map(_plain, shown))), hidden=tuple(sorted(map(_plain, hidden)))
        )
        for oldest in list(chosen)[:-_MOST]:
            del chosen[oldest]
        self._write()

    def _write(self) -> None:
        """The whole new file beside the old one, then in its place."""
        if self._path is None:
            return
        import tempfile  # slow to import, and not needed for the first picture

        with contextlib.suppress(OSError):
            fd, beside = tempfile.mkstemp(dir=self._path.parent, prefix=".settings-")
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(msgspec.json.format(msgspec.json.encode(self._kept)))
                Path(beside).replace(self._path)
            except OSError:
                Path(beside).unlink(missing_ok=True)
                raise


def users_settings() -> Settings:
    """Those in the configuration folder; in memory only where that folder can't be used."""
    from backend.places import config_dir

    try:
        return Settings(config_dir() / "console.json")
    except OSError:
        return Settings()


def _plain(name: str) -> str:
    """As a file may hold it."""
    return str(safe_text(name, limit=200))


def _read(path: Path) -> _Kept:
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(_LARGEST), type=_Kept)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Kept()
