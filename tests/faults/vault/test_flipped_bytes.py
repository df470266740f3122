"""Every byte of a vault changed, one at a time: never a wrong plaintext, never anything but our errors."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from backend.vault import Vault, VaultError
from backend.vault.kdf import fresh_params

PASSPHRASE = "correct horse battery staple"
ENTRIES = (b"alpha" * 30, b"beta" * 100)


@pytest.fixture
def original(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "original.db"
    vault, _ = Vault.create(path, passphrase=PASSPHRASE, kdf=fresh_params(memory=16, passes=1, lanes=1))
    for entry in ENTRIES:
        vault.put("cluster", entry)
    with vault.transaction() as draft:
        draft.append(b"journal line")
    vault.close()
    return path.read_bytes()


def refused(error: VaultError) -> str:
    """A refusal counts only with words for a person."""
    assert error.sentence
    assert error.advice
    return "refused"


def outcome(path: Path) -> str:
    """'same', 'noticed' or 'refused'; fails on anything else."""
    try:
        vault = Vault.open(path)
    except VaultError as error:
        return refused(error)
    try:
        vault.unlock(PASSPHRASE)
        data = [record.data for record in vault.records("cluster")]
        assert set(data) <= set(ENTRIES), "a wrong plaintext"
        if vault.damage:
            with pytest.raises(VaultError):
                vault.put("cluster", b"more")
            return "noticed"
        assert data == list(ENTRIES), "an entry vanished unseen"
        return "same"
    except VaultError as error:
        return refused(error)
    finally:
        vault.close()


@pytest.mark.parametrize("part", range(4))
def test_every_byte_flipped(original: bytes, tmp_path: Path, part: int) -> None:
    path = tmp_path / "flipped.db"
    seen: dict[str, int] = {}
    for offset in range(part, len(original), 4):
        flipped = bytearray(original)
        flipped[offset] ^= 0x01 if offset % 3 else 0xFF
        path.write_bytes(flipped)
        path.chmod(0o600)
        Path(f"{path}-journal").unlink(missing_ok=True)
        result = outcome(path)
        seen[result] = seen.get(result, 0) + 1
    assert seen["refused"] > 100
    assert seen["noticed"] > 100
    assert sum(seen.values()) == len(range(part, len(original), 4)), "every byte"


@pytest.mark.parametrize("length", [0, 1, 100, 4096, 5000, 20000])
def test_cut_off_file(original: bytes, tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut.db"
    path.write_bytes(original[:length])
    path.chmod(0o600)
    assert outcome(path) in {"refused", "noticed"}


def test_two_vaults_mixed_page_by_page(original: bytes, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    shutil.copy(tmp_path / "original.db", other)
    vault = Vault.open(other)
    vault.unlock(PASSPHRASE)
    for entry in ENTRIES:
        vault.put("cluster", entry[::-1])
    vault.close()
    newer = other.read_bytes()
    mixed = tmp_path / "mixed.db"
    for page in range(1, min(len(original), len(newer)) // 4096):
        start = page * 4096
        if original[start : start + 4096] == newer[start : start + 4096]:
            continue
        mixed.write_bytes(newer[:start] + original[start : start + 4096] + newer[start + 4096 :])
        mixed.chmod(0o600)
        try:
            opened = Vault.open(mixed)
            opened.unlock(PASSPHRASE)
        except VaultError:
            continue
        allowed = {*ENTRIES, *(entry[::-1] for entry in ENTRIES)}
        assert {record.data for record in opened.records("cluster")} <= allowed
        assert opened.damage, f"page {page} of the older vault went unnoticed"
        opened.close()
