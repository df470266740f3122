"""The settings as a running console has them: read from the file, again when it changes; written by key."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

import msgspec

from backend.text import SafeStr, safe_text
from console.settings.checks import QUICK, THOROUGH
from console.settings.fields import BadKey, Path, field_at, written
from console.settings.reading import Check, Problem, Read, read, understood
from console.settings.schema import Table, Values

LARGEST = 256 * 1024
"""Bytes; a larger file is none of ours."""
MOST_TABLES = 200
"""Kinds whose looks are remembered by themselves; what was chosen longest ago is forgotten."""
_NOTHING = SafeStr("")


class SettingsRefused(Exception):
    """A change that would make no sense, or that can't be written. Nothing was changed."""

    exit_code = 2

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


class Settings:
    """``path`` None: kept in memory only. ``thorough`` False: aliases and favourites are looked at only
    by :meth:`examine`.
    """

    def __init__(self, path: FilePath | None = None, *, thorough: bool = True) -> None:
        self.path = path
        self._checks = THOROUGH if thorough else QUICK
        self._seen: tuple[int, ...] | None = None
        self._read = Read(Values(), (), {})
        self.reload()

    @property
    def values(self) -> Values:
        return self._read.values

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What of the file is not used."""
        return self._read.problems

    @property
    def data(self) -> dict[str, Any]:
        """What the file sets, as it stands there."""
        return self._read.data

    @property
    def told(self) -> SafeStr:
        """The problems as one sentence; empty: there are none."""
        if not self.problems:
            return _NOTHING
        first = f"settings: {self.problems[0].sentence}"
        more = f" (and {len(self.problems) - 1} more: navarch settings check)" if self.problems[1:] else ""
        return safe_text(f"{first}; its default is used{more}" if self._read.readable else first)

    def reload(self, *, force: bool = False) -> bool:
        """Read the file if it is another one than before; whether anything is different now."""
        if self.path is None:
            return False
        seen = _identity(self.path)
        if seen == self._seen and not force:
            return False
        before, self._seen = self._read, seen
        try:
            self._read = _read_file(self.path, self._checks)
        except OSError as error:
            problem = Problem((), safe_text(f"{self.path.name} can't be read: {error.strerror}"))
            self._read = Read(before.values, (problem,), before.data, readable=False)
        return (before.values, before.problems) != (self._read.values, self._read.problems)

    def examine(self) -> bool:
        """Look at everything from now on; whether anything is different by that."""
        self._checks = THOROUGH
        return self.reload(force=True)

    # --- changing

    def set(self, path: Path, value: Any) -> None:
        """Set one key, in the file too. Raises BadKey, and SettingsRefused with nothing changed."""
        if field_at(path) is None:
            raise BadKey(f"there is no setting {written(path)}", "See: navarch settings list")
        self._judge(_with(self.data, path, value), path)
        self._change(lambda text: _writing().set_key(text, path, value), _with(self.data, path, value))

    def unset(self, path: Path) -> bool:
        """Back to the default; whether there was anything to take back. Raises SettingsRefused."""
        if not _has(self.data, path):
            return False
        data = deepcopy(self.data)
        inner = data
        for part in path[:-1]:
            inner = inner[part]
        del inner[path[-1]]
        self._change(lambda text: _writing().unset_key(text, path), data)
        return True

    def _judge(self, data: dict[str, Any], path: Path) -> None:
        """Refuse what would be a problem once it is written, or would make one of what was right."""
        known = {(problem.path, problem.reason) for problem in self.problems if problem.path != path}
        for problem in understood(data, THOROUGH).problems:
            if (problem.path, problem.reason) not in known:
                place = "" if problem.path == path else f"{written(problem.path)}: "
                raise SettingsRefused(f"{written(path)}: {place}{problem.reason}", "Nothing was changed.")

    def _change(self, change: Any, data: dict[str, Any]) -> None:
        if self.path is None:
            self._read = understood(data, THOROUGH)
            return
        if not self._read.readable:
            raise SettingsRefused(
                f"{self.path} is not written over: {self.problems[0].sentence}",
                "Mend it: navarch settings edit",
            )
        try:
            _writing().rewrite(self.path, change)
        except OSError as error:
            raise SettingsRefused(f"{self.path} can't be written: {error.strerror}") from error
        self.reload(force=True)

    def keep(self, path: Path, value: Any) -> SafeStr:
        """Set a key by the way (a theme, columns); why it is not kept for the next run, or ''.

        For this run it counts in any case.
        """
        try:
            self.set(path, value)
        except SettingsRefused as error:
            data = _with(self.data, path, value)
            self._read = replace(
                understood(data, THOROUGH), problems=self.problems, readable=self._read.readable
            )
            return error.sentence
        return _NOTHING

    # --- what the console remembers of its tables

    def table(self, kind: str) -> Table:
        return self.values.tables.get(_plain(kind), Table())

    def keep_columns(self, kind: str, *, shown: Iterable[str], hidden: Iterable[str]) -> SafeStr:
        """Remember one kind's columns; their names may come from a cluster."""
        chosen = {"shown": sorted(map(_plain, shown)), "hidden": sorted(map(_plain, hidden))}
        return self._keep_table(kind, chosen)

    def keep_order(self, kind: str, column: str, *, descending: bool) -> SafeStr:
        """Remember by which column one kind's list is ordered."""
        return self._keep_table(kind, {"sort": _plain(column), "descending": descending})

    def _keep_table(self, kind: str, chosen: dict[str, Any]) -> SafeStr:
        tables = self.data.get("tables", {})
        already = tables.get(_plain(kind), {}) if isinstance(tables, dict) else {}
        wanted = {name: value for name, value in chosen.items() if value}
        kept = {name: value for name, value in already.items() if name not in chosen}
        if kept | wanted == already:
            return _NOTHING
        return self.keep(("tables", _plain(kind)), kept | wanted)


def users_settings(*, thorough: bool = True) -> Settings:
    """Those in the configuration folder; in memory only where that folder can't be used."""
    try:
        return Settings(settings_file(), thorough=thorough)
    except OSError:
        return Settings()


def settings_file() -> FilePath:
    """Where the settings are. Raises OSError when the configuration folder can't be used."""
    from backend.places import config_dir

    return config_dir() / "settings.toml"


def _writing() -> Any:
    from console.settings import writing  # tomlkit is slow to import, and reading needs none of it

    return writing


def _identity(path: FilePath) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _read_file(path: FilePath, checks: Sequence[Check]) -> Read:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return Read(Values(), (), {})
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            return _unusable("this is not a file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        return _unusable(f"this is larger than {LARGEST // 1024} KiB")
    try:
        found = read(content.decode(), checks)
    except UnicodeDecodeError:
        return _unusable("this is not UTF-8 text")
    programs = found.values.commands or found.values.providers
    if programs and (status.st_mode & 0o022 or status.st_uid not in (os.getuid(), 0)):
        warning = Problem(("commands",), SafeStr("others can write this file; no program of it is run"))
        values = msgspec.structs.replace(found.values, commands={}, providers={})
        return replace(found, values=values, problems=(*found.problems, warning))
    return found


def _unusable(reason: str) -> Read:
    return Read(Values(), (Problem((), SafeStr(reason)),), {}, readable=False)


def _with(data: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    made = deepcopy(data)
    inner = made
    for part in path[:-1]:
        if not isinstance(inner.get(part), dict):
            inner[part] = {}
        inner = inner[part]
    inner.pop(path[-1], None)
    inner[path[-1]] = value
    return made


def _has(data: Any, path: Path) -> bool:
    for part in path:
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def _plain(name: str) -> str:
    """As a file may hold it."""
    return str(safe_text(name, limit=200))
