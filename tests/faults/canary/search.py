"""Looking for a secret wherever bytes can lie: in every spelling, inside archives, in running processes."""

from __future__ import annotations

import base64
import gzip
import io
import os
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

LARGEST = 64 * 1024 * 1024


def spellings(secret: bytes) -> dict[str, bytes]:
    """How a secret may be written: as it is, reversed, in other encodings. Base64 in all three alignments."""
    found = {
        "plain": secret,
        "reversed": secret[::-1],
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "url": quote(secret).encode(),
        "json": "".join(f"\\u{b:04x}" for b in secret).encode(),
        "utf-16le": secret.decode("latin-1").encode("utf-16-le"),
        "utf-16be": secret.decode("latin-1").encode("utf-16-be"),
        "base32": base64.b32encode(secret).rstrip(b"="),
        "repr": repr(secret)[2:-1].encode(),
    }
    for shift in range(3):
        # Inside a longer base64 text only the middle is sure to be the same.
        encoded = base64.b64encode(bytes(shift) + secret)
        found[f"base64+{shift}"] = encoded[4 if shift else 0 : -4]
        found[f"base64url+{shift}"] = encoded.translate(bytes.maketrans(b"+/", b"-_"))[4 if shift else 0 : -4]
    return {name: spelled for name, spelled in found.items() if len(spelled) >= 8}


class Canaries:
    """Secrets that must be nowhere, by name."""

    def __init__(self, **secrets: bytes) -> None:
        self._looked_for = [
            (f"{name} ({spelling})", spelled)
            for name, secret in secrets.items()
            for spelling, spelled in spellings(secret).items()
        ]

    def sightings(self, data: bytes, where: str) -> list[str]:
        found = [f"{what} in {where}" for what, spelled in self._looked_for if spelled in data]
        for name, inside in _unpacked(data):
            found += self.sightings(inside, f"{where}!{name}")
        return found

    def on_disk(self, *folders: Path) -> list[str]:
        """In contents and in names of every file; links are not followed."""
        found = []
        for folder in folders:
            for place, names, files in os.walk(folder):
                for name in (*names, *files):
                    found += self.sightings(os.fsencode(name), f"the name {place}/{name}")
                for name in files:
                    path = Path(place, name)
                    if path.is_file() and not path.is_symlink():
                        with path.open("rb") as file:
                            found += self.sightings(file.read(LARGEST), str(path))
        return found


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    if data[:2] == b"\x1f\x8b":
        try:
            yield "gzip", gzip.decompress(data)
        except (OSError, EOFError, zlib.error):
            return
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name, archive.read(name)
    elif data[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for member in archive.getmembers():
                file = archive.extractfile(member)
                if file is not None:
                    yield member.name, file.read()


class ProcessWatch:
    """Reads arguments and environment of every process below ``root`` again and again, until it is left."""

    def __init__(self, canaries: Canaries, root: int) -> None:
        self._canaries = canaries
        self._root = root
        self._over = threading.Event()
        self.seen: set[int] = set()
        self.sightings: set[str] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> ProcessWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            for pid in _family(self._root):
                self.seen.add(pid)
                for what in ("cmdline", "environ"):
                    try:
                        data = Path(f"/proc/{pid}/{what}").read_bytes()
                    except OSError:
                        continue
                    self.sightings.update(self._canaries.sightings(data, f"{what} of {_name(pid)}"))


def _family(root: int) -> set[int]:
    parents = dict(_parents())
    family = {root}
    grown = True
    while grown:
        more = {pid for pid, parent in parents.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return family - {os.getpid()}


def _parents() -> Iterator[tuple[int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry), int(fields[1])


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return str(pid)


def as_text(found: Mapping[str, object] | list[str] | set[str]) -> str:
    return "\n".join(sorted(found))
