"""The store's master key while it is in memory, and the one AEAD that everything is sealed with."""

from __future__ import annotations

import os

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from backend.vault.format import FORMAT, KEY_BYTES, NONCE_BYTES, length_prefixed


class Unauthentic(Exception):
    """A ciphertext does not belong to this key and place: damaged, moved, or the key is another one."""


def seal(key: bytearray, plain: bytes, *, aad: bytes) -> tuple[bytes, bytes]:
    """(nonce, ciphertext) by XChaCha20-Poly1305; random 24-byte nonces need no shared counter."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce, crypto_aead_xchacha20poly1305_ietf_encrypt(plain, aad, nonce, bytes(key))


def unseal(key: bytearray, *, nonce: bytes, ct: bytes, aad: bytes) -> bytes:
    """The plaintext; raises Unauthentic unless key, nonce, ciphertext and associated data belong together."""
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(ct, aad, nonce, bytes(key))
    except (CryptoError, ValueError, TypeError) as error:
        raise Unauthentic from error


def expand(key: bytes | bytearray, *, salt: bytes, label: str, length: int = KEY_BYTES) -> bytearray:
    """HKDF-SHA256 (RFC 5869)."""
    return bytearray(HKDF(SHA256(), length, salt, f"{FORMAT} {label}".encode()).derive(bytes(key)))


class MasterKey:
    """The random key of one store and epoch, with the keys derived from it.

    Never derived from a passphrase: slots wrap it. The bytes are overwritten by :meth:`wipe`; copies made by
    the interpreter can't be (docs/threat-model.md says so).
    """

    __slots__ = ("epoch", "journal", "mac", "records", "secret", "store")

    def __init__(self, secret: bytes | bytearray, *, store: bytes, epoch: int) -> None:
        self.secret = bytearray(secret)
        self.store = store
        self.epoch = epoch
        salt = length_prefixed(store, epoch)
        self.records = expand(secret, salt=salt, label="records")
        self.mac = expand(secret, salt=salt, label="manifest")
        self.journal = expand(secret, salt=salt, label="journal")

    @classmethod
    def fresh(cls, *, store: bytes, epoch: int) -> MasterKey:
        return cls(os.urandom(KEY_BYTES), store=store, epoch=epoch)

    def wipe(self) -> None:
        for part in (self.secret, self.records, self.mac, self.journal):
            part[:] = bytes(len(part))

    def __repr__(self) -> str:
        return f"<MasterKey epoch {self.epoch}>"
