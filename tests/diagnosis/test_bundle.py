"""The support bundle holds what it says, and nothing secret, whatever the log and the settings hold."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.diagnosis.bundle import BundleRefused, Piece, forbidden, spellings, write
from backend.fleet.registry import ClusterRecord
from backend.fleet.registry.record import KIND, ExecRecord
from backend.log import LogFile
from backend.text import safe_text
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from console.cli.exits import Exit
from tests.cli.vault_command import PASSPHRASE, Navarch

NAME, HOST = "acme-production-east", "api.acme-production.example.net"
TOKEN, PASSWORD = "canary-token-4711-abcdef", "canary-pass word-4711"
SETTINGS = """theme = "navarch-light"
[aliases]
acme = "pods @acme-production-east"
[commands.spill]
run = ["curl", "--user", "canary-in-a-command", "{name}"]
"""


@pytest.fixture
def navarch(tmp_path: Path) -> Iterator[Navarch]:
    made = Navarch(tmp_path)
    made.make_vault()
    vault = Vault.open(made.home / "data" / "vault.db", state=made.home / "state")
    vault.unlock(PASSPHRASE)
    record = ClusterRecord(
        name=NAME,
        server=f"https://{HOST}:6443",
        token=TOKEN.encode(),
        username="jane",
        password=PASSWORD.encode(),
        exec=ExecRecord(api_version="v1", command="/bin/x", env=(("SECRET", "canary-in-the-environment"),)),
    )
    known = vault.put(KIND, record.encode())
    vault.close()
    (made.home / "config").mkdir(mode=0o700, exist_ok=True)
    (made.home / "config" / "settings.toml").write_text(SETTINGS)
    (made.home / "state" / "log").mkdir(mode=0o700)
    log = LogFile(made.home / "state" / "log")
    log.redactor.conceal({NAME: known.id})
    log.note("cluster", cluster=known.id, state="AUTH", text=f"{HOST}:6443 refused {NAME}: Bearer {TOKEN}")
    yield made
    made("vault", "lock")


def packed(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        found = {}
        for member in archive.getmembers():
            file = archive.extractfile(member)
            assert file is not None
            found[Path(member.name).name] = file.read()
        return found


def test_it_holds_exactly_what_was_listed_and_no_name_or_secret(navarch: Navarch, tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.gz"
    listed = navarch.done("support-bundle", "-o", str(path), "--yes")
    files = packed(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert {line.split()[0] for line in listed.splitlines()[1:]} == set(files)
    assert all(f" {len(content)} " in listed for content in files.values())
    everything = b"\n".join(files.values())
    for word in (NAME, HOST, TOKEN, PASSWORD, "canary", "acme", str(tmp_path), "jane"):
        assert word.encode() not in everything, word
    clusters = json.loads(files["clusters.json"])
    assert clusters["clusters"][0]["signsInBy"] == ["program", "token", "password"]
    assert list(clusters["lastStates"].values()) == ["AUTH"]
    assert clusters["clusters"][0]["cluster"] in clusters["lastStates"]
    assert json.loads(files["settings.json"])["theme"] == "navarch-light"
    assert json.loads(files["settings.json"])["commands"] == "1 of your own"
    assert all(finding["ok"] for finding in json.loads(files["vault.json"]))


def test_names_only_when_asked_for(navarch: Navarch, tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.gz"
    navarch.done("support-bundle", "-o", str(path), "--yes", "--names")
    files = packed(path)
    assert NAME in json.loads(files["names.json"]).values()
    everything = b"\n".join(files.values())
    assert TOKEN.encode() not in everything
    assert HOST.encode() not in everything


def test_locked_it_packs_what_needs_no_vault(navarch: Navarch, tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.gz"
    navarch("vault", "lock")
    result = navarch("support-bundle", "-o", str(path), "--yes", unlocked=False)
    assert result.returncode == Exit.OK
    assert "vault.json" not in packed(path)
    assert "canary" not in b"\n".join(packed(path).values()).decode()
    refused = navarch("support-bundle", "-o", str(tmp_path / "b"), "--yes", "--names", unlocked=False)
    assert refused.returncode == Exit.LOCKED


def test_nothing_is_written_without_a_yes_or_over_something(navarch: Navarch, tmp_path: Path) -> None:
    path = tmp_path / "bundle.tar.gz"
    assert navarch("support-bundle", "-o", str(path)).returncode == Exit.REFUSED
    assert not path.exists()
    path.write_text("mine")
    assert navarch("support-bundle", "-o", str(path), "--yes").returncode == Exit.REFUSED
    assert path.read_text() == "mine"


@pytest.mark.parametrize("spelling", range(5))
def test_a_bundle_with_a_secret_in_any_spelling_is_refused(tmp_path: Path, spelling: int) -> None:
    vault, _ = Vault.create(
        tmp_path / "v.db", passphrase=PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1)
    )
    vault.put(KIND, ClusterRecord(name="c", server="https://h", password=b'pa"ss\\word-long').encode())
    [secret] = [value for value in forbidden(vault, names=False) if b"word" in value]
    piece = Piece(name="log.jsonl", about=safe_text("x"), content=b"..." + spellings(secret)[spelling])
    with pytest.raises(BundleRefused, match="nothing was written"):
        write([piece], tmp_path / "b.tar.gz", forbidden=forbidden(vault, names=False))
    assert not (tmp_path / "b.tar.gz").exists()
    vault.close()


def test_doctor_on_the_command_line(navarch: Navarch) -> None:
    result = navarch("doctor", "--offline", "-o", "json")
    assert result.returncode in (Exit.OK, Exit.FAILED)
    found = json.loads(result.stdout)
    assert {"vault", "python", "folders"} <= {finding["check"] for finding in found}
    failing = any(finding["verdict"] == "fail" for finding in found)
    assert (result.returncode == Exit.FAILED) == failing
    (navarch.home / "data" / "vault.db").chmod(0o644)
    broken = navarch("doctor", "--offline")
    assert broken.returncode == Exit.FAILED
    assert "✖" in broken.stdout
