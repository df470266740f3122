"""The journal: appending, reading, and noticing every change."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from backend.journal import Journal, Outcome
from backend.vault import Vault, VaultDamaged, default_path
from backend.vault.kdf import fresh_params
from backend.vault.records import open_entry, seal_entry
from backend.vault.rekey import rotate
from backend.vault.snapshot import journal_entries

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    made, _ = Vault.create(passphrase=PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1))
    yield made
    made.close()


def written(vault: Vault, count: int = 5) -> Journal:
    journal = Journal(vault)
    for number in range(count):
        journal.append("delete", cluster="prod", object=f"pod/x{number}", detail="canary-detail")
    return journal


def test_lines_are_read_as_they_were_written(vault: Vault) -> None:
    journal = Journal(vault)
    journal.append(
        "delete", outcome=Outcome.FAILED, cluster="prod", cluster_user="jane", object="pod/a", detail="403"
    )
    [entry] = journal.read()
    assert (entry.seq, entry.act, entry.outcome, entry.cluster) == (1, "delete", Outcome.FAILED, "prod")
    assert (entry.cluster_user, entry.object, entry.detail) == ("jane", "pod/a", "403")
    assert "@" in entry.who
    assert entry.time.endswith("Z")
    assert journal.verify().intact
    assert list(journal.read(after=1)) == []


def test_hostile_text_is_inert_and_bounded(vault: Vault) -> None:
    journal = Journal(vault)
    journal.append("delete", cluster="a\x1b[31mb", object="x" * 10_000, detail="l1\nl2\u202e")
    [entry] = journal.read()
    assert "\x1b" not in entry.cluster
    assert len(entry.object) < 700
    assert entry.detail.startswith("l1\nl2")
    assert "\u202e" not in entry.detail


def test_nothing_of_it_is_readable_in_the_file(vault: Vault) -> None:
    written(vault)
    assert b"canary-detail" not in default_path().read_bytes()
    assert b"prod" not in default_path().read_bytes()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journal WHERE seq = 3",
        "DELETE FROM journal WHERE seq = 1",
        "DELETE FROM journal WHERE seq = 5",
        "UPDATE journal SET ct = (SELECT ct FROM journal WHERE seq = 2), nonce = (SELECT nonce FROM journal "
        "WHERE seq = 2) WHERE seq = 3",
        "UPDATE journal SET ct = zeroblob(length(ct)) WHERE seq = 4",
        "UPDATE journal SET seq = 9 WHERE seq = 5",
    ],
)
def test_every_edit_and_removal_is_found(vault: Vault, statement: str) -> None:
    journal = written(vault)
    db = sqlite3.connect(default_path())
    db.execute(statement)
    db.commit()
    db.close()
    verdict = journal.verify()
    assert not verdict.intact
    assert verdict.sentence


def test_a_line_rewritten_by_somebody_with_the_key_breaks_the_chain(vault: Vault) -> None:
    journal = written(vault)
    with vault.transaction() as draft:
        second = journal_entries(draft.db)[1]
        data = open_entry(draft.master, second)
        forged = seal_entry(draft.master, seq=2, data=data[:32] + data[32:].replace(b"delete", b"nothin"))
        draft.db.execute("UPDATE journal SET nonce = ?, ct = ? WHERE seq = 2", (forged.nonce, forged.ct))
    assert [e.act for e in journal.read()][1] == "nothin"
    verdict = journal.verify()
    assert not verdict.intact
    assert verdict.lines == 2
    assert "line 3" in verdict.sentence


def test_cut_off_tail_with_header_put_back_is_found(vault: Vault) -> None:
    """Lines and header of an earlier state: the manifest of that state does not fit the records of now."""
    journal = written(vault, 2)
    db = sqlite3.connect(default_path())
    names = [row[1] for row in db.execute("PRAGMA table_info(meta)")]
    meta = db.execute("SELECT * FROM meta").fetchone()
    vault.put("cluster", b"x")
    written(vault, 2)
    db.execute("DELETE FROM journal WHERE seq > 2")
    db.execute(f"UPDATE meta SET {', '.join(f'{n} = ?' for n in names)}", meta)
    db.commit()
    db.close()
    assert not journal.verify().intact
    with pytest.raises(VaultDamaged):
        journal.append("more")


def test_rotation_of_the_key_keeps_the_chain(vault: Vault) -> None:
    journal = written(vault)
    rotate(vault, passphrases=[PASSPHRASE])
    journal.append("after")
    assert journal.verify().intact
    assert [e.act for e in journal.read()] == ["delete"] * 5 + ["after"]


APPENDER = """
import sys
from backend.journal import Journal
from backend.vault import Vault
vault = Vault.open(); vault.unlock(sys.argv[1])
for number in range(20):
    Journal(vault).append("act", object=f"{sys.argv[2]}-{number}")
"""


def test_two_processes_append_to_one_chain(vault: Vault) -> None:
    command = [sys.executable, "-c", APPENDER, PASSPHRASE]
    running = [subprocess.Popen([*command, name], cwd=Path(__file__).parents[2]) for name in ("one", "two")]
    assert [process.wait(60) for process in running] == [0, 0]
    journal = Journal(vault)
    assert journal.verify().intact
    objects = [e.object for e in journal.read()]
    assert sorted(objects) == sorted(f"{name}-{n}" for name in ("one", "two") for n in range(20))
    for name in ("one", "two"):
        mine = [o for o in objects if o.startswith(name)]
        assert mine == [f"{name}-{n}" for n in range(20)]
