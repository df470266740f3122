"""Every byte of the key slots changed, one at a time, each kind of slot tried: nothing wrong ever opens."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.vault import Vault, VaultError, os_keyring, rekey, ssh_agent
from backend.vault.age_slot import open_by_identity
from backend.vault.agent_slot import open_by_agent
from backend.vault.kdf import fresh_params
from backend.vault.keyring_slot import open_by_keyring
from backend.vault.ssh_agent import AgentKey

PASSPHRASE = "correct horse battery staple"
ENTRY = b"what the vault is for" * 20
PAGE = 4096
KINDS = ("passphrase", "recovery", "keyring", "age", "ssh-agent")
Way = Callable[[Vault], object]


def packed(*parts: bytes) -> bytes:
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


class World:
    """A vault with a slot of every kind, and what opens each; keyring and agent stand in memory."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._desktop: dict[str, bytes] = {}
        self._key = Ed25519PrivateKey.generate()
        public = packed(b"ssh-ed25519", self._key.public_key().public_bytes_raw())
        monkeypatch.setattr(os_keyring, "put", self._keep)
        monkeypatch.setattr(os_keyring, "get", self._kept)
        monkeypatch.setattr(ssh_agent, "held_keys", lambda: [AgentKey(blob=public, comment="mine")])
        monkeypatch.setattr(ssh_agent, "signature", self._signed)
        identity = pyrage.x25519.Identity.generate()
        file = folder / "identity"
        file.touch(mode=0o600)
        file.write_text(str(identity))
        self.path = folder / "vault.db"
        vault, code = Vault.create(
            self.path, passphrase=PASSPHRASE, kdf=fresh_params(memory=16, passes=1, lanes=1)
        )
        vault.put("cluster", ENTRY)
        rekey.add_keyring(vault, label="laptop")
        rekey.add_age(vault, [str(identity.to_public())], label="safe")
        rekey.add_agent(vault, "", label="agent")
        self.marks = [slot.wrapped_smk for slot in vault.slots]
        vault.close()
        self.ways: dict[str, Way] = {
            "passphrase": lambda v: v.unlock(PASSPHRASE),
            "recovery": lambda v: v.unlock(code),
            "keyring": lambda v: v.unlock_by(open_by_keyring),
            "age": lambda v: v.unlock_by(partial(open_by_identity, identity_file=file)),
            "ssh-agent": lambda v: v.unlock_by(open_by_agent),
        }

    def _keep(self, entry: str, secret: bytes | bytearray, *, seconds: float = 0) -> str:
        self._desktop[entry] = bytes(secret)
        return "Secret Service"

    def _kept(self, entry: str, *, seconds: float = 0) -> bytearray | None:
        found = self._desktop.get(entry)
        return bytearray(found) if found is not None else None

    def _signed(self, key: bytes, message: bytes) -> bytes:
        return packed(b"ssh-ed25519", self._key.sign(message))

    def pages(self) -> list[int]:
        """Of the file, those that hold slots."""
        content = self.path.read_bytes()
        return sorted({content.index(mark) // PAGE for mark in self.marks})


def said(error: VaultError) -> str:
    """A refusal counts only with words for a person."""
    assert error.sentence
    assert error.advice
    return "refused"


def outcome(path: Path, way: Way) -> str:
    """'refused', 'noticed' or 'same'; fails on a wrong plaintext, or damage that goes unseen."""
    try:
        vault = Vault.open(path)
    except VaultError as error:
        return said(error)
    try:
        way(vault)
        if vault.damage:
            with pytest.raises(VaultError):
                vault.put("cluster", b"more")
            return "noticed"
        assert [record.data for record in vault.records("cluster")] == [ENTRY]
        return "same"
    except VaultError as error:
        return said(error)
    finally:
        vault.close()


@pytest.mark.parametrize("kind", KINDS)
def test_every_byte_of_the_slots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    world = World(tmp_path, monkeypatch)
    way, original = world.ways[kind], world.path.read_bytes()
    flipped_path = tmp_path / "flipped.db"
    flipped_path.touch(mode=0o600)
    flipped_path.write_bytes(original)
    assert outcome(flipped_path, way) == "same", "unchanged, it opens"
    seen: dict[str, int] = {}
    for page in world.pages():
        for offset in range(page * PAGE, (page + 1) * PAGE):
            flipped = bytearray(original)
            flipped[offset] ^= 0x01 if offset % 3 else 0xFF
            flipped_path.write_bytes(flipped)
            result = outcome(flipped_path, way)
            seen[result] = seen.get(result, 0) + 1
    # A flipped bit of this kind's own slot is refused; of another's, the manifest notices it.
    assert seen["refused"] > 50, seen
    assert seen["noticed"] > 500, seen


def test_base64_in_parameters_has_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unused bits of base64 could be flipped without a change of meaning: the parameters' hash notices."""
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    world = World(tmp_path, monkeypatch)
    content = world.path.read_bytes()
    at = content.index(b'"challenge":"') + len(b'"challenge":"')
    end = content.index(b'"', at)
    text = content[at:end].rstrip(b"=")
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(text[-1:]) ^ 1 : (alphabet.index(text[-1:]) ^ 1) + 1]
    changed = text[:-1] + other
    assert base64.b64decode(changed + b"=") == base64.b64decode(text + b"="), "the same bytes"
    world.path.write_bytes(content[:at] + changed + content[at + len(text) :])
    assert outcome(world.path, world.ways["ssh-agent"]) in {"refused", "noticed"}
