"""``vault lock`` is for everybody: a mark beside the vault that open consoles watch.

Locking one console (its timer, ctrl-l) concerns that console. ``navarch vault lock`` must reach the others
too, and a desktop keyring must not open at once what a person has just locked. The mark holds two times.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

from backend.vault.vault import Vault


class Mark(msgspec.Struct, frozen=True):
    """Nanoseconds since 1970; 0: never."""

    locked: int = 0
    unlocked: int = 0

    @property
    def on_purpose(self) -> bool:
        """Somebody locked the vault, and nobody has unlocked it by hand since."""
        return self.locked > self.unlocked


def read_mark(path: Path) -> Mark:
    """The mark of the vault at ``path``; one that can't be read counts as none."""
    try:
        with _place(path).open("rb") as file:
            return msgspec.json.decode(file.read(200), type=Mark)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return Mark()


def lock_everywhere(vault: Vault) -> None:
    """Forget the key here, in the unlock cache, and in every console that has this vault open."""
    vault.lock()
    _write(vault.path, Mark(locked=time.time_ns(), unlocked=read_mark(vault.path).unlocked))


def note_unlock(vault: Vault) -> None:
    """A person opened the vault by hand."""
    mark = read_mark(vault.path)
    if mark.on_purpose:
        _write(vault.path, Mark(locked=mark.locked, unlocked=time.time_ns()))


def _place(path: Path) -> Path:
    return path.with_name(path.name + ".locked")


def _write(path: Path, mark: Mark) -> None:
    """Raises OSError: a lock that does not reach the others must not look as if it did."""
    scratch = _place(path).with_name(f".{path.name}.locked.{os.getpid()}")
    fd = os.open(scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(msgspec.json.encode(mark))
    os.replace(scratch, _place(path))
