"""The journal: encrypted lines in the vault, each chained to the one before it."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import msgspec

from backend.text import safe_text
from backend.vault import Vault
from backend.vault.check import first_break
from backend.vault.draft import Draft
from backend.vault.keys import Unauthentic
from backend.vault.records import open_entry

LONGEST_DETAIL = 4096


class Outcome(StrEnum):
    STARTED = "started"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


class Entry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line. All text has passed ``safe_text``; ``time`` is RFC 3339, UTC."""

    time: str
    who: str
    """The person at the operating system: user@host."""
    act: str
    outcome: Outcome
    cluster: str = ""
    cluster_user: str = ""
    """As whom the API server knew them, when that is known."""
    object: str = ""
    detail: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the journal is as it was written."""

    intact: bool
    lines: int
    """How many lines hold, from the first one on."""
    sentence: str


class Journal:
    """Append to and read the journal of an unlocked vault; several processes may append at once.

    Lines can't be changed or taken out unseen by somebody without the vault's key. Somebody with the key can
    write a new history; a vault put back as a whole is only noticed (see ``backend.vault.witness``).
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def append(
        self,
        act: str,
        *,
        outcome: Outcome = Outcome.DONE,
        cluster: str = "",
        cluster_user: str = "",
        object: str = "",
        detail: str = "",
    ) -> int:
        """Add a line, on disk when this returns; gives its number. Raises the vault's errors.

        Never pass secret values: the journal is shown and exported.
        """
        with self._vault.transaction() as draft:
            return self.write_into(
                draft,
                act,
                outcome=outcome,
                cluster=cluster,
                cluster_user=cluster_user,
                object=object,
                detail=detail,
            )

    def write_into(
        self,
        draft: Draft,
        act: str,
        *,
        outcome: Outcome = Outcome.DONE,
        cluster: str = "",
        cluster_user: str = "",
        object: str = "",
        detail: str = "",
    ) -> int:
        """Like ``append``, as part of a change of the vault: both are on disk, or neither."""
        entry = Entry(
            time=datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            who=_whoami(),
            act=_plain(act, limit=200),
            outcome=outcome,
            cluster=_plain(cluster, limit=300),
            cluster_user=_plain(cluster_user, limit=300),
            object=_plain(object, limit=600),
            detail=_plain(detail, limit=LONGEST_DETAIL, multiline=True),
        )
        return draft.append(msgspec.json.encode(entry))

    def read(self, *, after: int = 0) -> Iterator[Entry]:
        """The lines with a number above ``after``, oldest first; lines that can't be opened are left out."""
        master, sealed = self._vault.journal_entries(after=after)
        for line in sealed:
            try:
                entry = msgspec.json.decode(open_entry(master, line)[32:], type=Entry)
            except (Unauthentic, msgspec.MsgspecError):
                continue
            yield msgspec.structs.replace(entry, seq=line.seq)

    def verify(self) -> Verdict:
        """Follow the chain from the first line to the head that the vault's manifest covers."""
        good, broken = first_break(self._vault)
        if broken:
            sentence = f"The journal was changed: line {broken} is missing, altered or out of place."
            return Verdict(intact=False, lines=good, sentence=sentence)
        damage = self._vault.damage or self._vault.older
        if damage:
            return Verdict(intact=False, lines=good, sentence=damage)
        return Verdict(intact=True, lines=good, sentence=f"All {good} lines are as they were written.")


def _whoami() -> str:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        user = str(os.getuid())
    logged_in = os.environ.get("SUDO_USER", "")
    shown = f"{logged_in}→{user}" if logged_in and logged_in != user else user
    return _plain(f"{shown}@{socket.gethostname()}", limit=200)


def _plain(text: str, *, limit: int, multiline: bool = False) -> str:
    """Safe text as an ordinary ``str``: msgspec writes no subclasses."""
    return str(safe_text(text, limit=limit, multiline=multiline))
