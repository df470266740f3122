"""Ways into a vault beside the passphrase: the desktop's keyring, age recipients, an SSH agent."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pyrage
import pytest

from backend.vault import SlotRefused, UnsafeFile, Vault, VaultDamaged, WrongKey, os_keyring, rekey
from backend.vault.age_slot import AgeMissing, open_by_identity
from backend.vault.agent_slot import open_by_agent
from backend.vault.keyring_slot import open_by_keyring
from backend.vault.os_keyring import KeyringUnusable
from backend.vault.slots import AGE, AGENT, KEYRING, Slot
from backend.vault.ssh_agent import AgentUnusable
from tests.vault import secret_service
from tests.vault.conftest import PASSPHRASE, cheap

needs_bus = pytest.mark.skipif(secret_service.DAEMON is None, reason="needs dbus-daemon")
needs_agent = pytest.mark.skipif(shutil.which("ssh-agent") is None, reason="needs ssh-agent")


@pytest.fixture(autouse=True)
def nothing_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bus and no agent of the person who runs the tests."""
    for name in ("DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with secret_service.running(tmp_path / "bus") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        yield address


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """A real ssh-agent; call it to make a key of a kind and add it, giving the key's file."""
    socket = str(tmp_path / "agent.sock")
    running = subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()
    monkeypatch.setenv("SSH_AUTH_SOCK", socket)

    def add(kind: str = "ed25519") -> str:
        file = str(tmp_path / f"key-{kind}-{os.urandom(3).hex()}")
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"my {kind}", "-f", file], check=True)
        subprocess.run(["ssh-add", "-q", file], check=True)
        return file

    yield add
    running.kill()
    running.wait()
    running.stdout.close()


def opened(vault: Vault, opening: Callable[..., object]) -> Vault:
    """The same file in another hand, opened by this way alone."""
    other = Vault.open(vault.path)
    other.unlock_by(opening)  # type: ignore[arg-type]
    assert other.damage == ""
    return other


def identity(folder: Path, text: str) -> Path:
    path = folder / "identity.txt"
    path.touch(mode=0o600)
    path.write_text(text)
    return path


# --- the desktop's keyring


@needs_bus
def test_keyring_slot_opens_and_holds_nothing_else(vault: Vault, desktop: str) -> None:
    one = vault.put("cluster", b"what matters")
    slot = rekey.add_keyring(vault, label="laptop")
    assert (slot.kind, slot.label) == (KEYRING, "laptop")
    assert '"Secret Service"' in slot.params_json
    other = opened(vault, open_by_keyring)
    assert other.get(one.id).data == b"what matters"
    other.close()


@needs_bus
def test_keyring_slot_survives_a_rotation_under_a_new_key(vault: Vault, desktop: str) -> None:
    slot = rekey.add_keyring(vault, label="laptop")
    old_entry = f"vault {vault.meta.store.hex()[:12]} slot {slot.slot_id.hex()}"
    assert os_keyring.get(old_entry) is not None
    rekey.rotate(vault, passphrases=[PASSPHRASE])
    assert os_keyring.get(old_entry) is None
    opened(vault, open_by_keyring).close()


@needs_bus
def test_removed_keyring_slot_opens_neither_the_new_file_nor_lies_in_the_keyring(
    vault: Vault, desktop: str, tmp_path: Path
) -> None:
    slot = rekey.add_keyring(vault, label="laptop")
    entry = f"vault {vault.meta.store.hex()[:12]} slot {slot.slot_id.hex()}"
    kept = os_keyring.get(entry)
    assert kept is not None
    rekey.remove_slot(vault, slot.slot_id, passphrases=[PASSPHRASE])
    assert os_keyring.get(entry) is None
    os_keyring.put(entry, kept)  # somebody had copied it
    with pytest.raises(WrongKey):
        opened(vault, open_by_keyring)


@needs_bus
def test_a_rotation_that_fails_leaves_the_keyring_as_it_was(
    vault: Vault, desktop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rekey.add_keyring(vault, label="laptop")
    monkeypatch.setattr(rekey, "back_up", lambda _: (_ for _ in ()).throw(SlotRefused("no room")))
    with pytest.raises(SlotRefused):
        rekey.rotate(vault, passphrases=[PASSPHRASE])
    opened(vault, open_by_keyring).close()


@needs_bus
@pytest.mark.parametrize("manner", ["silent", "locked"])
def test_a_keyring_that_never_answers_costs_its_deadline_and_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manner: str
) -> None:
    with secret_service.running(tmp_path / "bus", manner) as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with pytest.raises(KeyringUnusable, match="did not answer within"):
            os_keyring.put("entry", b"secret", seconds=3.0)


@needs_bus
def test_a_keyring_that_forgets_is_refused_before_anything_is_written(
    vault: Vault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = vault.slots
    with secret_service.running(tmp_path / "bus", "forgetful") as address:
        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
        with pytest.raises(KeyringUnusable, match=r"did not keep|refused"):
            rekey.add_keyring(vault, label="laptop")
    assert vault.slots == before


def test_without_a_desktop_a_sentence_says_so(vault: Vault) -> None:
    with pytest.raises(KeyringUnusable, match="no desktop keyring"):
        rekey.add_keyring(vault, label="laptop")


@pytest.mark.parametrize("name", ["keyring.backends.null.Keyring", "evil.Keyring"])
def test_what_the_environment_calls_a_keyring_is_never_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').write('code ran')\n")
    settings = tmp_path / "python_keyring"
    settings.mkdir()
    (settings / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={name}\nkeyring-path={tmp_path}\n")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(KeyringUnusable):
        os_keyring.put("entry", b"secret")
    assert not (tmp_path / "ran").exists()


# --- age


def test_age_slot_opens_with_the_private_key_alone(vault: Vault, tmp_path: Path) -> None:
    mine, colleague = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    slot = rekey.add_age(vault, [str(mine.to_public()), str(colleague.to_public())], label="team")
    assert slot.kind == AGE
    for holder in (mine, colleague):
        path = identity(tmp_path, f"# made today\n{holder}\n")
        opened(vault, partial(open_by_identity, identity_file=path)).close()
    stranger = identity(tmp_path, str(pyrage.x25519.Identity.generate()))
    with pytest.raises(WrongKey):
        opened(vault, partial(open_by_identity, identity_file=stranger))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="needs ssh-keygen")
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_age_slot_for_an_ssh_key(vault: Vault, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "id"
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(file)], check=True)
    rekey.add_age(vault, [Path(f"{file}.pub").read_text()], label="jump host")
    opened(vault, partial(open_by_identity, identity_file=file)).close()


def test_age_slot_stays_over_a_rotation_that_asks_its_holder_nothing(vault: Vault, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    rekey.add_age(vault, [str(mine.to_public())], label="safe")
    rekey.rotate(vault, passphrases=[PASSPHRASE])
    path = identity(tmp_path, str(mine))
    opened(vault, partial(open_by_identity, identity_file=path)).close()


def test_old_copy_and_removed_identity_open_nothing_new(vault: Vault, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    slot = rekey.add_age(vault, [str(mine.to_public())], label="left the team")
    path = identity(tmp_path, str(mine))
    old = tmp_path / "copy.db"
    shutil.copy2(vault.path, old)
    rekey.remove_slot(vault, slot.slot_id, passphrases=[PASSPHRASE])
    vault.put("cluster", b"added afterwards")
    with pytest.raises(WrongKey):
        opened(vault, partial(open_by_identity, identity_file=path))
    thief = Vault.open(old)
    thief.unlock_by(partial(open_by_identity, identity_file=path))
    stolen = bytes(thief._need_master().secret)
    thief.close()
    # What the old copy gives away is another key than the one everything is sealed with now.
    assert stolen != bytes(vault._need_master().secret)


@pytest.mark.parametrize("recipient", ["", "age1nonsense", "ssh-ed25519 AAAA", "AGE-SECRET-KEY-1QQQQ"])
def test_what_is_no_recipient_is_refused(vault: Vault, recipient: str) -> None:
    before = vault.slots
    with pytest.raises(SlotRefused):
        rekey.add_age(vault, [recipient], label="x")
    assert vault.slots == before


def test_an_identity_that_others_can_read_is_refused(vault: Vault, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    rekey.add_age(vault, [str(mine.to_public())], label="safe")
    path = identity(tmp_path, str(mine))
    path.chmod(0o644)
    with pytest.raises(UnsafeFile):
        opened(vault, partial(open_by_identity, identity_file=path))


def test_without_the_library_the_sentence_names_it(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyrage", None)
    with pytest.raises(AgeMissing, match="pyrage"):
        rekey.add_age(vault, ["age1x"], label="safe")


# --- the SSH agent


@needs_agent
@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_agent_slot_opens_only_while_the_key_is_in_the_agent(
    vault: Vault, agent: Callable[..., str], kind: str
) -> None:
    file = agent(kind)
    slot = rekey.add_agent(vault, "", label="agent")
    assert slot.kind == AGENT
    opened(vault, open_by_agent).close()
    subprocess.run(["ssh-add", "-q", "-d", file], check=True)
    with pytest.raises(WrongKey):
        opened(vault, open_by_agent)


@needs_agent
def test_ecdsa_keys_are_refused_because_their_signatures_differ(
    vault: Vault, agent: Callable[..., str]
) -> None:
    agent("ecdsa")
    with pytest.raises(SlotRefused, match="differ each time"):
        rekey.add_agent(vault, "", label="agent")


@needs_agent
def test_of_several_keys_one_must_be_named(vault: Vault, agent: Callable[..., str]) -> None:
    agent("ed25519")
    agent("rsa")
    with pytest.raises(SlotRefused, match="several keys") as caught:
        rekey.add_agent(vault, "", label="agent")
    assert "SHA256:" in caught.value.advice
    rekey.add_agent(vault, "my rsa", label="agent")
    opened(vault, open_by_agent).close()


@needs_agent
def test_agent_slot_stays_over_a_rotation_while_reachable(
    vault: Vault, agent: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    agent()
    slot = rekey.add_agent(vault, "", label="agent")
    rekey.rotate(vault, passphrases=[PASSPHRASE])
    opened(vault, open_by_agent).close()
    monkeypatch.delenv("SSH_AUTH_SOCK")
    before = vault.slots
    with pytest.raises(SlotRefused, match="can't be wrapped for slot"):
        rekey.rotate(vault, passphrases=[PASSPHRASE])
    assert vault.slots == before
    with pytest.raises(AgentUnusable):
        opened(vault, open_by_agent)
    assert slot.slot_id not in {s.slot_id for s in vault.slots}


# --- rules for all kinds


def test_a_recovery_code_that_is_given_stays_the_same(vault: Vault) -> None:
    code: str = vault.recovery_code  # type: ignore[attr-defined]
    assert rekey.rotate(vault, passphrases=[PASSPHRASE, code]) == {}
    other = Vault.open(vault.path)
    other.unlock(code)
    other.close()
    assert len(rekey.rotate(vault, passphrases=[PASSPHRASE])) == 1, "one that is not given is replaced"


def test_the_last_passphrase_or_code_is_never_removed(vault: Vault, tmp_path: Path) -> None:
    mine = pyrage.x25519.Identity.generate()
    rekey.add_age(vault, [str(mine.to_public())], label="safe")
    recovery = next(slot for slot in vault.slots if slot.kind == "recovery")
    rekey.remove_slot(vault, recovery.slot_id, passphrases=[PASSPHRASE])
    last = next(slot for slot in vault.slots if slot.kind == "passphrase")
    before = vault.slots
    with pytest.raises(SlotRefused, match="last"):
        rekey.remove_slot(vault, last.slot_id, passphrases=[PASSPHRASE])
    assert vault.slots == before


@pytest.mark.parametrize("label", ["\x1b]52;c;aGk=\x07", "x" * 61, "two\nlines"])
def test_hostile_or_endless_labels_are_refused(vault: Vault, label: str) -> None:
    with pytest.raises(SlotRefused):
        rekey.add_passphrase(vault, "another good passphrase", label=label, kdf=cheap())


def test_a_slot_of_an_unknown_kind_keeps_the_key_from_being_changed(vault: Vault) -> None:
    with vault.transaction() as draft:
        odd = [s if s.kind != "recovery" else _renamed(s) for s in draft.snapshot.slots]
        draft.replace_slots(odd)
    with pytest.raises(SlotRefused, match="does not know"):
        rekey.rotate(vault, passphrases=[PASSPHRASE])


def _renamed(slot: Slot) -> Slot:
    from dataclasses import replace

    return replace(slot, kind="tpm")


def test_a_swapped_age_file_is_no_way_in(vault: Vault, tmp_path: Path) -> None:
    """Whoever can write the file can encrypt to the recipient too: that must open nothing."""
    import sqlite3

    mine = pyrage.x25519.Identity.generate()
    slot = rekey.add_age(vault, [str(mine.to_public())], label="safe")
    forged = rekey.age_way([str(mine.to_public())], label="safe").params_json
    path = vault.path
    vault.close()
    db = sqlite3.connect(path)
    db.execute("UPDATE keyslots SET params_json = ? WHERE slot_id = ?", (forged, slot.slot_id))
    db.commit()
    db.close()
    other = Vault.open(path)
    with pytest.raises((WrongKey, VaultDamaged)):
        other.unlock_by(partial(open_by_identity, identity_file=identity(tmp_path, str(mine))))
    other.unlock(PASSPHRASE)
    assert other.damage
    other.close()
