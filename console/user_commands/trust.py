"""Which program a command would run, and what a yes to it holds for: this command and this program only."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec

from backend.text import safe_text
from console.settings.schema import UserCommand


class NoProgram(Exception):
    """The program a command names can't be found. Nothing was run."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A command as it was looked at."""

    name: str
    command: UserCommand
    path: Path
    """The program itself, as ``PATH`` finds it now."""
    fingerprint: str
    """Of all that a person agrees to: name, arguments, program, place and whether it changes things."""

    @property
    def title(self) -> str:
        return self.command.title or self.name


def look_at(name: str, command: UserCommand) -> Seen:
    """Find the program. Raises NoProgram."""
    wanted = os.path.expanduser(command.run[0])
    if os.sep in wanted and not os.path.isabs(wanted):
        raise NoProgram(
            f"{name}: {wanted} depends on the folder Navarch was started in", "Write its whole path."
        )
    found = shutil.which(wanted)
    if found is None:
        raise NoProgram(f"{name}: there is no program {wanted}", "Install it, or write its whole path.")
    path = Path(found).absolute()
    said = msgspec.json.encode([name, list(command.run), command.where, command.changes, str(path)])
    digest = hashlib.sha256(said).hexdigest()
    return Seen(name=name, command=command, path=path, fingerprint=digest)
