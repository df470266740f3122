"""A key slot for age recipients (age-encryption.org/v1): a colleague's key, an SSH key, a key in a safe.

The slot's key is encrypted to the recipients and lies in the vault itself, so adding one needs only public
keys, and the vault's own key can be changed without asking anybody. Needs the optional ``pyrage``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from backend.vault.errors import SlotRefused, UnsafeFile, VaultDamaged, VaultError, WrongKey
from backend.vault.format import KEY_BYTES
from backend.vault.keys import MasterKey
from backend.vault.slots import AGE, Slot, Way, unwrapped

MOST_RECIPIENTS = 20
LARGEST_IDENTITY = 64 * 1024


class Params(msgspec.Struct, frozen=True):
    recipients: tuple[str, ...]
    """Public keys; they say who can open the vault."""
    file: bytes
    """The slot's key, as an age file."""


class AgeMissing(VaultError):
    """The optional library is not installed."""

    exit_code = 2
    default_advice = "Install it beside Navarch: pipx inject navarch pyrage  (or: pip install 'navarch[age]')"

    def __init__(self) -> None:
        super().__init__("Age slots need the optional library pyrage, which is not installed.")


def age_way(recipients: Sequence[str], *, label: str) -> Way:
    """A fresh key, encrypted to ``recipients`` (``age1…``, or SSH public keys, ed25519 and RSA).

    Raises SlotRefused for what is no recipient, AgeMissing.
    """
    age = _age()
    chosen = tuple(dict.fromkeys(text.strip() for text in recipients))
    if not 1 <= len(chosen) <= MOST_RECIPIENTS:
        raise SlotRefused(f"A slot takes one to {MOST_RECIPIENTS} age recipients.", advice="Give some fewer.")
    kek = bytearray(os.urandom(KEY_BYTES))
    file = bytes(age.encrypt(bytes(kek), [_recipient(age, text) for text in chosen]))
    params = msgspec.json.encode(Params(recipients=chosen, file=file)).decode()
    return Way(kind=AGE, label=label, params_json=params, kek=kek)


def recipients_of(slot: Slot) -> tuple[str, ...]:
    """Whom a slot lets in. Raises VaultDamaged."""
    return _params(slot).recipients


def open_by_identity(
    slots: Sequence[Slot], identity_file: Path, *, store: bytes, epoch: int
) -> tuple[Slot, MasterKey]:
    """Open with the private keys of a file: ``AGE-SECRET-KEY-…`` lines, or one unencrypted SSH key.

    Raises AgeMissing, UnsafeFile (others can read it), WrongKey, VaultDamaged.
    """
    age = _age()
    identities = _identities(age, identity_file)
    damaged = None
    for slot in slots:
        if slot.kind != AGE:
            continue
        try:
            kek = bytearray(age.decrypt(_params(slot).file, identities))
            master = unwrapped(slot, kek, store=store, epoch=epoch) if len(kek) == KEY_BYTES else None
        except age.DecryptError:
            continue
        except VaultDamaged as error:
            damaged = error
            continue
        if master is not None:
            return slot, master
    if damaged is not None:
        raise damaged
    raise WrongKey(
        f"No age slot of the vault opens with the keys in {identity_file}.",
        advice="See whom the slots let in: navarch vault slot list -o json",
    )


def _identities(age: Any, path: Path) -> list[Any]:
    text = _private_text(path)
    if b"-----BEGIN " in text:
        try:
            return [age.ssh.Identity.from_buffer(text)]
        except Exception as error:
            raise WrongKey(
                f"{path} holds no SSH key that can be used here.",
                advice="An unencrypted ed25519 or RSA key is needed; one with a passphrase can't be read.",
            ) from error
    found = []
    for line in text.decode("utf-8", "replace").splitlines():
        if line.strip() and not line.startswith("#"):
            try:
                found.append(age.x25519.Identity.from_str(line.strip()))
            except Exception as error:
                raise WrongKey(
                    f"{path} is no file of age identities.",
                    advice="It should hold lines like AGE-SECRET-KEY-1…; encrypted and plugin identities "
                    "can't be used here.",
                ) from error
    return found


def _private_text(path: Path) -> bytes:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UnsafeFile(f"{path} can't be read: {error.strerror}.", advice="Check the path.") from error
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if stat.S_ISREG(status.st_mode) and status.st_mode & 0o077:
            raise UnsafeFile(f"{path} can be read by others.", advice=f"chmod 600 {path}")
        return file.read(LARGEST_IDENTITY)


def _recipient(age: Any, text: str) -> Any:
    kind = age.ssh.Recipient if text.startswith("ssh-") else age.x25519.Recipient
    try:
        return kind.from_str(text)
    except Exception as error:
        raise SlotRefused(
            f"{text[:80]} is no age recipient.",
            advice="Give an age1… key, or a line like 'ssh-ed25519 AAAA…' (ed25519 or RSA).",
        ) from error


def _params(slot: Slot) -> Params:
    try:
        return msgspec.json.decode(slot.params_json.encode(), type=Params)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise VaultDamaged("An age slot of the vault can't be read.") from error


def _age() -> Any:
    try:
        import pyrage
    except ImportError:
        raise AgeMissing from None
    return pyrage
