"""From a passphrase to a key-encryption key: Argon2id (RFC 9106), and what is demanded of passphrases."""

from __future__ import annotations

import os
import time
import unicodedata

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from backend.vault.errors import SlotRefused, VaultDamaged, WeakPassphrase
from backend.vault.format import KEY_BYTES

MIB = 1024  # Argon2 counts memory in KiB
FLOOR_MEMORY, CAP_MEMORY, REFUSED_MEMORY = 19 * MIB, 256 * MIB, 1024 * MIB
REFUSED_ITERATIONS, REFUSED_LANES = 20, 16
TARGET_SECONDS = 0.5
SHORTEST_PASSPHRASE = 10
SALT_BYTES = 16


class KdfParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Argon2id: ``m`` KiB of memory, ``t`` passes, ``p`` lanes; ``salt`` of 16 random bytes."""

    m: int
    t: int
    p: int
    salt: bytes


def fresh_params(*, memory: int = 64 * MIB, passes: int = 3, lanes: int = 4) -> KdfParams:
    """Parameters with a new salt; the defaults are RFC 9106's second recommended option."""
    return KdfParams(m=memory, t=passes, p=lanes, salt=os.urandom(SALT_BYTES))


def calibrated_params() -> KdfParams:
    """Parameters that cost this machine about half a second and at most 256 MiB.

    More memory would hurt on shared jump hosts; less than RFC 9106's 64 MiB is taken only when the machine
    can't spare that much (never below OWASP's 19 MiB, two passes, one lane).
    """
    trial = fresh_params()
    started = time.perf_counter()
    try:
        derive(b"calibration", trial)
    except MemoryError:
        return fresh_params(memory=FLOOR_MEMORY, passes=2, lanes=1)
    taken = max(time.perf_counter() - started, 0.001)
    affordable = int(trial.m * TARGET_SECONDS / taken) // (16 * MIB) * 16 * MIB
    return fresh_params(memory=min(max(affordable, trial.m), CAP_MEMORY))


def parse_params(text: str) -> KdfParams:
    """Read a slot's parameters; a hostile file must not make us fill the memory or compute for hours.

    Raises:
        SlotRefused: more than 1 GiB, 20 passes or 16 lanes.
        VaultDamaged: not parameters at all.
    """
    try:
        params = msgspec.json.decode(text.encode(), type=KdfParams)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise VaultDamaged("A passphrase slot of the vault can't be read.") from error
    if params.m > REFUSED_MEMORY or params.t > REFUSED_ITERATIONS or params.p > REFUSED_LANES:
        raise SlotRefused(
            f"A passphrase slot asks for {params.m // MIB} MiB of memory, {params.t} passes and {params.p} "
            "lanes to try a passphrase; Navarch never writes that.",
            advice="Somebody changed the file. Restore a backup with: navarch vault backup --restore FILE",
        )
    if params.t < 1 or params.p < 1 or params.m < 8 * params.p or len(params.salt) != SALT_BYTES:
        raise VaultDamaged("A passphrase slot of the vault holds impossible parameters.")
    return params


def encode_params(params: KdfParams) -> str:
    return msgspec.json.encode(params).decode()


def derive(passphrase: bytes, params: KdfParams) -> bytearray:
    """The key-encryption key (32 bytes); takes a noticeable moment by design, so never on a UI loop."""
    kdf = Argon2id(
        salt=params.salt, length=KEY_BYTES, iterations=params.t, lanes=params.p, memory_cost=params.m
    )
    return bytearray(kdf.derive(passphrase))


def normalised(passphrase: str) -> bytes:
    """NFC: the same characters typed on another keyboard must open the same vault."""
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")


def demand_strength(passphrase: str) -> None:
    """Raises WeakPassphrase for what a guesser tries first: short, or made of very few characters."""
    text = unicodedata.normalize("NFC", passphrase)
    if not text.strip():
        raise WeakPassphrase("An empty passphrase protects nothing.")
    if len(text) < SHORTEST_PASSPHRASE:
        raise WeakPassphrase(f"This passphrase has {len(text)} characters; at least ten are needed.")
    if len(set(text.casefold())) < 5:
        raise WeakPassphrase("This passphrase repeats very few characters.")
