"""Opening, entries, two windows, slots, rotation, rollback, permissions."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.journal import Journal
from backend.vault import (
    RecordConflict,
    SlotRefused,
    UnsafeFile,
    Vault,
    VaultDamaged,
    VaultExists,
    VaultLocked,
    VaultMissing,
    VaultNotWritten,
    VaultTooNew,
    WeakPassphrase,
    WrongKey,
    default_path,
)
from backend.vault.backup import back_up, backups, repair, restore
from backend.vault.cache import UnlockCache, why_unavailable
from backend.vault.check import check
from backend.vault.exchange import export_sealed, merge, read_sealed
from backend.vault.format import BUCKET, length_prefixed, pad, unpad
from backend.vault.kdf import calibrated_params, encode_params, fresh_params, normalised, parse_params
from backend.vault.recovery import new_code, parse_code
from backend.vault.rekey import (
    add_passphrase,
    add_recovery_code,
    change_passphrase,
    remove_slot,
    rotate,
)

from .conftest import PASSPHRASE, cheap

CANARY = b"canary-7f3a-never-in-the-clear"


def reopened(path: Path | None = None, secret: str = PASSPHRASE) -> Vault:
    vault = Vault.open(path)
    vault.unlock(secret)
    return vault


def raw(path: Path | None = None) -> sqlite3.Connection:
    return sqlite3.connect(path or default_path())


# -- opening


def test_what_was_put_is_found_after_unlocking_again(vault: Vault) -> None:
    record = vault.put("cluster", CANARY)
    vault.close()
    again = Vault.open()
    assert again.locked
    with pytest.raises(VaultLocked):
        again.records("cluster")
    again.unlock(PASSPHRASE)
    assert [r.data for r in again.records("cluster")] == [CANARY]
    assert again.get(record.id).version == 1
    assert again.notices == ()


def test_recovery_code_opens_however_it_is_typed(vault: Vault) -> None:
    code: str = vault.recovery_code
    for typed in (code, code.lower(), code.replace("-", " "), code.replace("-", "")):
        reopened(secret=typed).close()


def test_mistyped_recovery_code_is_told_apart_from_a_wrong_one(vault: Vault) -> None:
    code: str = vault.recovery_code
    typo = ("B" if code[0] == "A" else "A") + code[1:]
    with pytest.raises(WrongKey, match="checksum"):
        reopened(secret=typo)
    with pytest.raises(WrongKey, match="recovery code does not open"):
        reopened(secret=new_code())


def test_wrong_passphrase_says_what_to_do(vault: Vault) -> None:
    with pytest.raises(WrongKey) as caught:
        reopened(secret="incorrect horse battery")
    assert caught.value.sentence == "This passphrase does not open the vault."
    assert "recovery code" in caught.value.advice


def test_same_characters_in_another_unicode_form_open_it(home: Path) -> None:
    composed, decomposed = "schl\u00fcssel im g\u00e4rtchen", "schlu\u0308ssel im ga\u0308rtchen"
    Vault.create(passphrase=composed, kdf=cheap())[0].close()
    reopened(secret=decomposed).close()
    assert normalised(composed) == normalised(decomposed)


@pytest.mark.parametrize("weak", ["", "   ", "short", "aaaaaaaaaaaaaa", "abababababab"])
def test_weak_passphrases_are_refused_before_a_file_exists(home: Path, weak: str) -> None:
    with pytest.raises(WeakPassphrase):
        Vault.create(passphrase=weak, kdf=cheap())
    assert not default_path().exists()


def test_existing_vault_is_never_overwritten(vault: Vault) -> None:
    before = default_path().read_bytes()
    with pytest.raises(VaultExists):
        Vault.create(passphrase=PASSPHRASE, kdf=cheap())
    assert default_path().read_bytes() == before


def test_missing_vault_names_the_command(home: Path) -> None:
    with pytest.raises(VaultMissing) as caught:
        Vault.open()
    assert "navarch vault init" in caught.value.advice


def test_created_private_whatever_the_umask(home: Path) -> None:
    old = os.umask(0)
    try:
        vault, _ = Vault.create(passphrase=PASSPHRASE, kdf=cheap())
        back_up(vault)
    finally:
        os.umask(old)
    for file in home.rglob("*"):
        assert file.stat().st_mode & 0o077 == 0, file
    assert [f.name for f in home.joinpath("data").iterdir() if f.name.startswith(".")] == []


def test_readable_by_others_linked_and_odd_files_are_refused(vault: Vault, tmp_path: Path) -> None:
    path = default_path()
    path.chmod(0o640)
    with pytest.raises(UnsafeFile, match="others"):
        Vault.open()
    path.chmod(0o600)
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with pytest.raises(UnsafeFile, match="link"):
        Vault.open(link)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(UnsafeFile):
        Vault.open(pipe)
    with pytest.raises(VaultExists):
        Vault.create(link, passphrase=PASSPHRASE, kdf=cheap())


# -- entries


def test_nothing_of_an_entry_is_readable_in_the_file(vault: Vault) -> None:
    vault.put("cluster", CANARY * 20)
    assert CANARY not in default_path().read_bytes()


def test_conflicting_change_is_refused_and_nothing_is_lost(vault: Vault) -> None:
    record = vault.put("cluster", b"one")
    other = reopened()
    other.put("cluster", b"theirs", record_id=record.id, version=1)
    with pytest.raises(RecordConflict):
        vault.put("cluster", b"mine", record_id=record.id, version=1)
    with pytest.raises(RecordConflict):
        vault.delete(record.id, version=1)
    assert vault.get(record.id).data == b"theirs"


def test_a_failing_change_leaves_all_of_it_undone(vault: Vault) -> None:
    with pytest.raises(ZeroDivisionError), vault.transaction() as draft:  # noqa: PT012 - two steps are the point
        draft.put("cluster", b"half")
        _ = 1 / 0
    assert vault.records("cluster") == []
    assert reopened().records("cluster") == []


@pytest.mark.parametrize("meanwhile", ["deleted", "replaced"])
def test_nothing_is_written_into_a_file_that_is_not_the_vault_any_more(vault: Vault, meanwhile: str) -> None:
    vault.put("cluster", b"one")
    before = vault.path.read_bytes()
    vault.path.rename(vault.path.with_suffix(".away"))
    if meanwhile == "replaced":
        vault.path.write_bytes(before)
    for change in (
        lambda: vault.put("cluster", b"two"),
        lambda: Journal(vault).append("act"),
    ):
        with pytest.raises(VaultNotWritten, match="moved, replaced or deleted"):
            change()
    assert vault.path.with_suffix(".away").read_bytes() == before


def test_a_callers_own_error_is_not_called_damage(vault: Vault) -> None:
    with pytest.raises(ValueError, match="mine"), vault.transaction():
        raise ValueError("mine")


WRITER = """
import sys
from backend.vault import Vault, RecordConflict
vault = Vault.open(); vault.unlock(sys.argv[1])
done = 0
while done < int(sys.argv[3]):
    record = vault.get(sys.argv[2])
    try:
        vault.put("cluster", str(int(record.data) + 1).encode(), record_id=record.id, version=record.version)
        done += 1
    except RecordConflict:
        pass
"""


def test_two_processes_lose_no_update(vault: Vault) -> None:
    record = vault.put("cluster", b"0")
    command = [sys.executable, "-c", WRITER, PASSPHRASE, record.id, "25"]
    writers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
    assert [w.wait(100) for w in writers] == [0, 0]
    assert vault.get(record.id).data == b"50"
    assert vault.damage == ""


# -- tampering with rows


def damaged(path: Path | None = None) -> Vault:
    """Reopen and expect that damage is noticed, reading still works, and writing is refused."""
    vault = reopened(path)
    assert vault.damage
    with pytest.raises(VaultDamaged):
        vault.put("cluster", b"more")
    return vault


def test_swapped_rows_never_give_each_others_plaintext(vault: Vault) -> None:
    a, b = vault.put("cluster", b"alpha"), vault.put("cluster", b"beta")
    kept = vault.put("cluster", b"gamma")
    vault.close()
    db = raw()
    rows = {row[0].hex(): row[1:] for row in db.execute("SELECT id, nonce, ct FROM records")}
    for one, other in ((a.id, b.id), (b.id, a.id)):
        db.execute("UPDATE records SET nonce = ?, ct = ? WHERE id = ?", (*rows[other], bytes.fromhex(one)))
    db.commit()
    db.close()
    vault = damaged()
    assert {entry.id for entry in vault.quarantined} == {a.id, b.id}
    assert [r.data for r in vault.records("cluster")] == [b"gamma"]
    with pytest.raises(VaultDamaged):
        vault.get(a.id)
    assert vault.get(kept.id).data == b"gamma"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM records WHERE rowid = 1",
        "UPDATE records SET version = version + 1 WHERE rowid = 1",
        "UPDATE records SET kind = 'trust' WHERE rowid = 1",
        "UPDATE keyslots SET label = 'mine'",
        "UPDATE meta SET generation = generation + 1",
        "UPDATE meta SET journal_seq = 5",
        "UPDATE meta SET created_by = 'me'",
        "DELETE FROM journal WHERE seq = 1",
    ],
)
def test_every_edit_of_a_row_is_noticed(vault: Vault, statement: str) -> None:
    vault.put("cluster", b"alpha")
    with vault.transaction() as draft:
        draft.append(b"line")
        draft.append(b"line")
    vault.close()
    db = raw()
    db.execute(statement)
    db.commit()
    db.close()
    damaged()


def test_one_row_put_back_to_its_older_state_is_noticed(vault: Vault) -> None:
    record = vault.put("cluster", b"old")
    db = raw()
    old = db.execute("SELECT version, nonce, ct FROM records").fetchone()
    vault.put("cluster", b"new", record_id=record.id, version=1)
    db.execute("UPDATE records SET version = ?, nonce = ?, ct = ?", old)
    db.commit()
    assert "put back" in damaged().damage
    assert "put back" in vault.damage, "also by a window that was open all the time"


def test_slots_of_another_vault_open_nothing(vault: Vault, tmp_path: Path) -> None:
    vault.put("cluster", CANARY)
    foreign = tmp_path / "foreign.db"
    Vault.create(foreign, passphrase="the attacker's phrase", kdf=cheap())[0].close()
    db = raw()
    db.execute("ATTACH ? AS foreign_vault", (str(foreign),))
    db.execute("DELETE FROM keyslots")
    db.execute("INSERT INTO keyslots SELECT * FROM foreign_vault.keyslots")
    db.commit()
    db.close()
    for secret in ("the attacker's phrase", PASSPHRASE):
        with pytest.raises((WrongKey, VaultDamaged)):
            reopened(secret=secret)


@pytest.mark.parametrize(
    "params",
    [
        {"memory": 2 * 1024 * 1024, "passes": 1, "lanes": 1},
        {"memory": 64, "passes": 1000, "lanes": 1},
        {"memory": 10_000, "passes": 1, "lanes": 1000},
    ],
)
def test_hostile_kdf_parameters_are_refused_without_computing(vault: Vault, params: dict[str, int]) -> None:
    db = raw()
    db.execute(
        "UPDATE keyslots SET params_json = ? WHERE kind = 'passphrase'",
        (encode_params(fresh_params(**params)),),
    )
    db.commit()
    db.close()
    with pytest.raises(SlotRefused, match="never writes that"):
        reopened()
    reopened(secret=vault.recovery_code).close()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"m":1}', '{"m":-1,"t":1,"p":1,"salt":""}', "[" * 5000]
)
def test_rubbish_kdf_parameters_are_damage(text: str) -> None:
    with pytest.raises(VaultDamaged):
        parse_params(text)


def test_a_trigger_planted_in_the_file_is_refused(vault: Vault) -> None:
    db = raw()
    db.execute("CREATE TRIGGER t AFTER INSERT ON records BEGIN DELETE FROM records; END")
    db.commit()
    with pytest.raises(VaultDamaged, match="tables"):
        Vault.open()


def test_a_newer_format_is_left_alone(vault: Vault) -> None:
    db = raw()
    db.execute("UPDATE meta SET min_reader = 2")
    db.commit()
    before = default_path().read_bytes()
    with pytest.raises(VaultTooNew):
        Vault.open()
    assert default_path().read_bytes() == before


# -- rollback of the whole file


def test_an_older_copy_of_the_file_is_noticed(vault: Vault) -> None:
    old = default_path().read_bytes()
    vault.put("cluster", b"newer")
    vault.close()
    default_path().write_bytes(old)
    again = reopened()
    assert "older than the one last opened" in " ".join(again.notices)
    again.close()
    again = reopened()
    assert again.older, "it is said again until somebody changes the vault"
    again.put("cluster", b"carry on")
    assert again.older == ""
    assert reopened().older == ""


def test_a_copy_that_went_another_way_is_noticed(vault: Vault) -> None:
    old = default_path().read_bytes()
    vault.put("cluster", b"mine")
    vault.close()
    mine = default_path().read_bytes()
    default_path().write_bytes(old)
    fork = reopened()
    fork.put("cluster", b"theirs")
    fork.close()
    default_path().write_bytes(mine)
    assert "another copy" in reopened().older


# -- slots and keys


def test_changed_passphrase(vault: Vault) -> None:
    vault.put("cluster", b"x")
    change_passphrase(vault, PASSPHRASE, "an entirely new phrase", kdf=cheap())
    with pytest.raises(WrongKey):
        reopened()
    assert reopened(secret="an entirely new phrase").records("cluster")
    assert reopened(secret=vault.recovery_code).records("cluster")


def test_changing_with_a_wrong_passphrase_changes_nothing(vault: Vault) -> None:
    before = default_path().read_bytes()
    with pytest.raises(WrongKey):
        change_passphrase(vault, "not the passphrase", "an entirely new phrase", kdf=cheap())
    with pytest.raises(WeakPassphrase):
        change_passphrase(vault, PASSPHRASE, "short", kdf=cheap())
    assert default_path().read_bytes() == before


def test_removed_slot_opens_nothing_and_everything_is_under_a_new_key(vault: Vault) -> None:
    record = vault.put("cluster", CANARY)
    with vault.transaction() as draft:
        draft.append(b"line one")
    extra = add_passphrase(vault, "a colleague's own words", label="colleague", kdf=cheap())
    _, code = add_recovery_code(vault, label="safe")
    colleague = reopened(secret="a colleague's own words")
    old_cts = {row[0] for row in raw().execute("SELECT ct FROM records UNION SELECT ct FROM journal")}

    codes = remove_slot(vault, extra.slot_id, passphrases=[PASSPHRASE])

    with pytest.raises(WrongKey):
        reopened(secret="a colleague's own words")
    with pytest.raises(WrongKey):
        reopened(secret=code)
    assert len(codes) == 2, "both recovery codes were replaced"
    for new in codes.values():
        assert reopened(secret=new).get(record.id).data == CANARY
    assert vault.get(record.id).written == record.written
    with pytest.raises(VaultLocked, match="another window"):
        colleague.records("cluster")
    assert colleague.locked
    content = default_path().read_bytes()
    assert not [ct for ct in old_cts if ct[:16] in content], "pages of the old key are gone from the file"
    assert all(finding.ok for finding in check(vault))


def test_nothing_deleted_stays_in_the_file_after_a_removal(vault: Vault) -> None:
    vault.delete(vault.put("cluster", b"x" * 100_000).id)
    extra = add_passphrase(vault, "a colleague's own words", label="colleague", kdf=cheap())
    assert raw().execute("PRAGMA freelist_count").fetchone()[0] > 10
    remove_slot(vault, extra.slot_id, passphrases=[PASSPHRASE])
    assert raw().execute("PRAGMA freelist_count").fetchone()[0] == 0


def test_removal_that_would_lock_somebody_out_is_refused(vault: Vault) -> None:
    extra = add_passphrase(vault, "a colleague's own words", label="colleague", kdf=cheap())
    recovery = next(slot for slot in vault.slots if slot.kind == "recovery")
    before = default_path().read_bytes()
    with pytest.raises(SlotRefused, match="colleague"):
        remove_slot(vault, recovery.slot_id, passphrases=[PASSPHRASE])
    assert default_path().read_bytes() == before
    remove_slot(vault, extra.slot_id, passphrases=[PASSPHRASE])
    recovery = next(slot for slot in vault.slots if slot.kind == "recovery")
    remove_slot(vault, recovery.slot_id, passphrases=[PASSPHRASE])
    with pytest.raises(SlotRefused, match="last way"):
        remove_slot(vault, vault.slots[0].slot_id, passphrases=[PASSPHRASE])


def test_rotation_keeps_everybody_and_drops_the_old_cache(vault: Vault) -> None:
    if why_unavailable():
        pytest.skip(why_unavailable())
    vault.put("cluster", b"x")
    assert vault.remember(seconds=60)
    rotate(vault, passphrases=[PASSPHRASE])
    assert vault.remembered_seconds() == 0
    other = Vault.open()
    assert not other.unlock_cached()
    other.unlock(PASSPHRASE)
    assert other.records("cluster")


# -- the unlock cache


@pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "-")
def test_cache_opens_until_locked(vault: Vault) -> None:
    vault.put("cluster", b"x")
    assert vault.remember(seconds=60)
    vault.close()
    again = Vault.open()
    assert again.unlock_cached()
    assert 0 < again.remembered_seconds() <= 60
    assert again.records("cluster")
    assert again.unlock_cached(extend=True)
    assert again.remembered_seconds() > 500
    master = again._master
    again.lock()
    assert master is not None
    assert not any(master.secret)
    assert not any(master.records)
    assert not Vault.open().unlock_cached()


@pytest.mark.skipif(bool(why_unavailable()), reason=why_unavailable() or "-")
def test_cache_is_bound_to_store_and_epoch() -> None:
    cache = UnlockCache(b"s" * 16, 1)
    assert cache.put(bytearray(b"k" * 32), seconds=30)
    try:
        assert UnlockCache(b"s" * 16, 2).get() is None
        assert UnlockCache(b"t" * 16, 1).get() is None
        found = cache.get()
        assert found is not None
        assert found[0] == b"k" * 32
    finally:
        cache.drop()


def test_without_a_kernel_keyring_there_is_no_cache_and_a_sentence(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.vault.cache._SYSCALLS", {})
    assert "asks for the passphrase again" in why_unavailable()
    assert not vault.remember()
    assert not Vault.open().unlock_cached()
    vault.lock()


# -- backups, repair, exchange


def test_backup_restores_what_was_there(vault: Vault) -> None:
    record = vault.put("cluster", b"precious")
    copy = back_up(vault)
    with vault.transaction() as draft:
        draft.append(b"line")
        draft.delete(record.id)
    restore(default_path(), copy, PASSPHRASE)
    assert vault.get(record.id).data == b"precious", "an open window sees it"
    assert reopened().older == "", "a person put it there: no alarm"


@pytest.mark.parametrize("ruin", [b"", b"not a database at all" * 500, None])
def test_backup_restores_over_a_ruined_file(vault: Vault, ruin: bytes | None) -> None:
    record = vault.put("cluster", b"precious")
    copy = back_up(vault)
    vault.close()
    if ruin is None:
        default_path().unlink()
    else:
        default_path().write_bytes(ruin)
    with pytest.raises(WrongKey):
        restore(default_path(), copy, "some other passphrase")
    saved = restore(default_path(), copy, PASSPHRASE)
    assert reopened().get(record.id).data == b"precious"
    if ruin:
        assert saved is not None
        assert saved.read_bytes() == ruin


def test_three_backups_are_kept(vault: Vault) -> None:
    for number in range(5):
        vault.put("cluster", str(number).encode())
        back_up(vault)
    assert len(backups(default_path())) == 3
    newest = reopened(backups(default_path())[0])
    assert len(newest.records("cluster")) == 5


def test_repair_keeps_what_is_readable_and_drops_approvals(vault: Vault) -> None:
    bad, good = vault.put("cluster", b"bad"), vault.put("cluster", b"good")
    vault.put("trust", b"approval")
    with vault.transaction() as draft:
        draft.append(b"one")
        draft.append(b"two")
    vault.close()
    db = raw()
    db.execute("UPDATE records SET ct = zeroblob(length(ct)) WHERE id = ?", (bytes.fromhex(bad.id),))
    db.commit()
    db.close()
    vault = damaged()
    assert repair(vault) == 2
    assert vault.damage == ""
    assert [r.id for r in vault.records("cluster")] == [good.id]
    assert vault.records("trust") == []
    vault.put("cluster", b"more")
    assert all(finding.ok for finding in check(reopened()))
    assert list(default_path().parent.joinpath("backups").glob("damaged.*"))


def test_sealed_export_travels(vault: Vault, tmp_path: Path) -> None:
    one, _two = vault.put("cluster", CANARY), vault.put("cluster", b"two")
    vault.put("trust", b"approval of this machine")
    target = tmp_path / "fleet.navarch"
    words = "words for the export"
    assert (
        export_sealed(vault, target, passphrase=words, kinds=["cluster", "trust"], only=[one.id], kdf=cheap())
        == 1
    )
    assert CANARY not in target.read_bytes()
    assert target.stat().st_mode & 0o777 == 0o600
    with pytest.raises(WrongKey):
        read_sealed(target, PASSPHRASE)
    with pytest.raises(VaultExists):
        export_sealed(vault, target, passphrase=words, kinds=["cluster"], kdf=cheap())
    everything = tmp_path / "all.navarch"
    assert export_sealed(vault, everything, passphrase=words, kinds=["cluster", "trust"], kdf=cheap()) == 2
    assert {record.kind for record in read_sealed(everything, words)} == {"cluster"}, "approvals stay here"
    there, _ = Vault.create(tmp_path / "there.db", passphrase=PASSPHRASE, kdf=cheap())
    assert merge(there, read_sealed(target, words)).added == (one.id,)
    assert merge(there, read_sealed(target, words)).known == (one.id,)
    there.put("cluster", b"edited", record_id=one.id, version=1)
    assert merge(there, read_sealed(target, words)).differing == (one.id,)
    assert [r.data for r in there.records("cluster")] == [b"edited"]


# -- small parts


@given(st.binary(max_size=2000), st.integers(min_value=0, max_value=2**40))
def test_padding_hides_the_length_and_comes_off(data: bytes, written: int) -> None:
    padded = pad(data, written=written)
    assert len(padded) % BUCKET == 0
    assert unpad(padded) == (written, data)


@given(st.lists(st.binary(max_size=20), max_size=5), st.lists(st.binary(max_size=20), max_size=5))
def test_different_parts_give_different_associated_data(one: list[bytes], other: list[bytes]) -> None:
    assert (length_prefixed(*one) == length_prefixed(*other)) == (one == other)


@settings(max_examples=200)
@given(st.integers(0, 31), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_one_wrong_character_in_a_code_is_caught(place: int, letter: str) -> None:
    code = new_code().replace("-", "")
    changed = code[:place] + letter + code[place + 1 :]
    assert (parse_code(changed) is not None) == (changed == code)


def test_calibration_stays_between_floor_and_cap() -> None:
    params = calibrated_params()
    assert 64 * 1024 <= params.m <= 256 * 1024
    assert (params.t, params.p) == (3, 4)
