"""Navarch's own folders and files: the owner's alone?"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from backend import places
from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok
from backend.vault.file import network_filesystem

_MOST_FILES = 2000


def _examine(around: Surroundings) -> Iterator[Finding]:
    found = [places.config_dir, places.data_dir, places.state_dir, places.cache_dir, places.runtime_dir]
    folders = []
    for find in found:
        try:
            folders.append(find())
        except OSError as error:
            yield fail(str(error), "Make it yours alone: chmod 700")
    loose = [path for folder in dict.fromkeys(folders) for path in _loose(folder)]
    for path, why in loose[:10]:
        yield fail(f"{path} {why}.", f"chmod go= {path}")
    if not loose and len(folders) == len(found):
        yield ok("Everything Navarch keeps is readable by you alone.")
    kind = network_filesystem(folders[1]) if len(folders) > 1 else ""
    if kind:
        yield ok(f"The vault's folder is on a network file system ({kind}): use one machine at a time.")


def _loose(folder: Path) -> Iterator[tuple[Path, str]]:
    """What others could read or change, of the folder and the files in it."""
    seen = 0
    for place, _, names in os.walk(folder):
        for path in (Path(place), *(Path(place, name) for name in names)):
            seen += 1
            if seen > _MOST_FILES:
                return
            try:
                status = path.lstat()
            except OSError:
                continue
            if status.st_uid != os.getuid():
                yield path, "belongs to somebody else"
            elif stat.S_ISREG(status.st_mode) and status.st_mode & 0o022:
                yield path, "can be changed by others"
            elif stat.S_ISDIR(status.st_mode) and status.st_mode & 0o022:
                yield path, "is a folder that others can write to"


CHECK = Check(title="Own folders", examine=_examine)
