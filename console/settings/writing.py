"""Changes one key of the settings file: comments and order survive, and so does another console's change."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any

from console.settings.fields import Path

HEAD = """\
# Settings of Navarch's console. Every key, its default and what it does: navarch settings list
# Comments and order stay as they are when the console writes here.
"""


def set_key(text: str, path: Path, value: Any) -> str:
    """The text with this key set; tables on the way are made."""
    import tomlkit

    document = tomlkit.parse(text)
    inner: MutableMapping[str, Any] = document
    for depth, part in enumerate(path[:-1]):
        if not isinstance(inner.get(part), MutableMapping):
            # [tables.pods] needs no empty [tables] before it.
            inner[part] = tomlkit.table(is_super_table=depth < len(path) - 2)
        inner = inner[part]
    inner[path[-1]] = value
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def unset_key(text: str, path: Path) -> str:
    """The text without this key; tables that are empty then go too."""
    import tomlkit

    document = tomlkit.parse(text)
    chain: list[MutableMapping[str, Any]] = [document]
    for part in path[:-1]:
        inner = chain[-1].get(part)
        if not isinstance(inner, MutableMapping):
            return text
        chain.append(inner)
    if path[-1] not in chain[-1]:
        return text
    del chain[-1][path[-1]]
    for depth in range(len(path) - 2, -1, -1):
        if chain[depth + 1]:
            break
        del chain[depth][path[depth]]
    return tomlkit.dumps(document).rstrip("\n") + "\n"


def rewrite(file: FilePath, change: Callable[[str], str]) -> str:
    """Replace the file's text by ``change`` of it, atomically; returns the new text.

    Two consoles write one after the other: the folder is locked, and each starts from what the file holds
    then. A link (to a folder of dotfiles) stays one. Raises OSError, and what ``change`` raises.
    """
    target = file.resolve()
    with _locked(target.parent):
        try:
            before: str | None = target.read_text("utf-8")
        except FileNotFoundError:
            before = None
        after = change(HEAD if before is None else before)
        if after != before:
            _replace(target, after)
    return after


@contextmanager
def _locked(folder: FilePath) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _replace(target: FilePath, text: str) -> None:
    """The whole new file (0600) beside the old one, then in its place."""
    import tempfile

    fd, beside = tempfile.mkstemp(dir=target.parent, prefix=".settings-")
    try:
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(fd)
        FilePath(beside).replace(target)
    except OSError:
        FilePath(beside).unlink(missing_ok=True)
        raise
