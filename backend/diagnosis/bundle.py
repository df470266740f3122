"""A support bundle: what a person may send to somebody who helps, and exactly that.

Nothing is gathered that holds a secret; every text passes the log's redaction all the same, names of clusters
stand under the log's pseudonyms; and while the vault is open, the finished bundle is searched once more for
everything secret in it (``forbidden``): a bundle in which anything is found is not written.
"""

from __future__ import annotations

import base64
import io
import os
import platform
import sys
import tarfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec

from backend import __version__
from backend.diagnosis.doctor import Diagnosis
from backend.fleet.member import Member
from backend.fleet.registry import Registry
from backend.log import Entry, Redactor
from backend.text import SafeStr, safe_text
from backend.vault import Vault
from backend.vault.check import check

SHORTEST_SECRET = 8
"""Characters; shorter ones can't be told from ordinary words."""
_LIBRARIES = ("textual", "h11", "anyio", "msgspec", "pynacl", "cryptography", "pyyaml", "typer", "keyring")
_SHOWN = ("TERM", "COLORTERM", "TERM_PROGRAM", "LANG", "LC_ALL", "LC_CTYPE")
_NAMED = ("NO_COLOR", "TMUX", "STY", "SSH_CONNECTION", "NAVARCH_HOME", "KUBECONFIG", "HTTPS_PROXY")
"""Variables of which only the presence is told."""


class BundleRefused(Exception):
    """The bundle would hold something secret, or can't be written."""

    exit_code = 4

    def __init__(self, sentence: object, advice: object) -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One file of the bundle."""

    name: str
    about: SafeStr
    """What is in it, for the list that a person sees before anything is written."""
    content: bytes


def gather(
    *,
    diagnosis: Sequence[Diagnosis],
    entries: Sequence[Entry],
    redactor: Redactor,
    settings: Mapping[str, Any],
    traits: Mapping[str, Any],
    vault: Vault | None,
) -> list[Piece]:
    """The pieces of a bundle. ``settings`` and ``traits`` as plain data; ``vault``: may be None or locked."""
    pieces = [
        _json("versions.json", "versions of Navarch, Python, libraries; the kind of system", _versions()),
        _json("terminal.json", "what the terminal can; which variables are set", _terminal(traits)),
        _json("settings.json", "your settings; of programs and filters of your own how many", settings),
        _json("doctor.json", "what navarch doctor finds", _doctor(diagnosis, redactor)),
        _json(
            "clusters.json",
            "how many clusters, how they sign in, the last state of each (no names)",
            _clusters(vault, entries, redactor),
        ),
        _lines("log.jsonl", "Navarch's own log, as it is kept", entries),
    ]
    if vault is not None and not vault.locked:
        found = [{"ok": finding.ok, "finding": redactor.text(finding.what)} for finding in check(vault)]
        pieces.append(_json("vault.json", "the vault's check: counts and verdicts, no content", found))
    return pieces


def legend(members: Iterable[Member], redactor: Redactor) -> Piece:
    """Which pseudonym is which cluster: only when a person wants the helper to know."""
    names = {str(redactor.pseudonym("cluster", m.id)): safe_text(m.name) for m in members}
    return _json("names.json", "WHICH CLUSTER IS WHICH: their names, because you asked for it", names)


def forbidden(vault: Vault, *, names: bool) -> list[bytes]:
    """What must not be in a bundle: every secret of an open vault and, unless wanted, clusters' ``names``."""
    found: list[bytes] = []
    for known in Registry(vault).known():
        record = known.record
        values: list[bytes | str | None] = [record.token, record.password, record.client_key_pem]
        values += [record.server.partition("://")[2].partition(":")[0]]
        values += [record.name] if names else []
        if record.exec is not None:
            values += [value for _, value in record.exec.env]
        found += [value.encode() if isinstance(value, str) else value for value in values if value]
    return [value for value in found if len(value) >= SHORTEST_SECRET]


def write(pieces: Sequence[Piece], path: Path, *, forbidden: Sequence[bytes]) -> None:
    """Write the bundle, 0600, over nothing. Raises BundleRefused (a secret in it, or the disk)."""
    for piece in pieces:
        for secret in forbidden:
            if any(spelling in piece.content for spelling in spellings(secret)):
                raise BundleRefused(
                    f"{piece.name} would have held something of the vault, so nothing was written.",
                    "This is a mistake in Navarch; please report it (without a bundle).",
                )
    try:
        fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
            for piece in pieces:
                about = tarfile.TarInfo(f"navarch-support/{piece.name}")
                about.size, about.mtime, about.mode = len(piece.content), int(time.time()), 0o600
                archive.addfile(about, io.BytesIO(piece.content))
    except OSError as error:
        sentence = f"{path} can't be written: {error.strerror}."
        raise BundleRefused(sentence, "Name another file: -o FILE") from error


def spellings(secret: bytes) -> list[bytes]:
    """As it is, as JSON would write it, in base64 and in hexadecimal."""
    text = msgspec.json.encode(secret.decode("utf-8", "replace"))[1:-1]
    return [secret, text, base64.b64encode(secret), base64.urlsafe_b64encode(secret), secret.hex().encode()]


def _versions() -> dict[str, Any]:
    libraries = {}
    for name in _LIBRARIES:
        try:
            libraries[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            libraries[name] = "?"
    return {
        "navarch": __version__,
        "python": sys.version.split()[0],
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "libraries": libraries,
    }


def _terminal(traits: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: safe_text(os.environ[name], limit=60) for name in _SHOWN if name in os.environ}
    others = [name for name in _NAMED if name in os.environ]
    return {"traits": dict(traits), "variables": said, "alsoSet": others}


def _doctor(diagnosis: Sequence[Diagnosis], redactor: Redactor) -> list[dict[str, Any]]:
    return [
        {
            "check": one.id,
            "verdict": finding.verdict.value,
            "finding": redactor.text(finding.what),
            **({"cluster": redactor.pseudonym("cluster", finding.cluster)} if finding.cluster else {}),
        }
        for one in diagnosis
        for finding in one.findings
    ]


def _clusters(vault: Vault | None, entries: Sequence[Entry], redactor: Redactor) -> dict[str, Any]:
    states = {entry.cluster: entry.state for entry in entries if entry.what == "cluster"}
    facts: dict[str, Any] = {"lastStates": states}
    if vault is not None and not vault.locked:
        facts["clusters"] = [
            {
                "cluster": redactor.pseudonym("cluster", known.id),
                "signsInBy": _authentication(known.record),
                "proxy": bool(known.record.proxy_url),
                "insecure": known.record.insecure_skip_tls_verify,
                "protected": known.record.protected,
                "readOnly": known.record.read_only,
            }
            for known in Registry(vault).known()
        ]
    return facts


def _authentication(record: Any) -> list[str]:
    kinds = {
        "program": record.exec,
        "token": record.token,
        "token file": record.token_file,
        "client certificate": record.client_cert_pem,
        "password": record.password,
        "impersonation": record.impersonate,
    }
    return [kind for kind, value in kinds.items() if value]


def _json(name: str, about: str, value: Any) -> Piece:
    content = msgspec.json.format(msgspec.json.encode(value, enc_hook=str)) + b"\n"
    return Piece(name=name, about=safe_text(about), content=content)


def _lines(name: str, about: str, entries: Sequence[Entry]) -> Piece:
    content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries)
    return Piece(name=name, about=safe_text(about), content=content)
