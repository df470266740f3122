"""The desktop's keyring (Secret Service, KWallet, macOS Keychain), asked in a child process with a deadline.

A child process, because these calls can hang for ever (a prompt that nobody sees, a dead D-Bus service) and a
thread can't be ended; and because ``keyring`` may load whatever back end its configuration names: that must
not happen in the process that holds the vault's keys. Only the back ends of an allow-list are used. Others
would take the key and lose it, or write it to a plain file.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from backend.vault.errors import VaultError

SECONDS = 5.0
"""What an automatic question may take."""
PATIENT_SECONDS = 45.0
"""When a person asked for it: the desktop may want a password of its own first."""

_ROOT = Path(__file__).resolve().parents[2]
_KEPT = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "DBUS_SESSION_BUS_ADDRESS",
    "XDG_RUNTIME_DIR",
    "XDG_CURRENT_DESKTOP",
    "DISPLAY",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
)
"""No PYTHON_KEYRING_BACKEND, no KEYRING_PROPERTY_*: they choose and bend back ends."""


class Ask(msgspec.Struct, kw_only=True):
    """A question to the child, on its standard input."""

    do: str
    """get, put or delete."""
    entry: str
    value: str = ""

    def __repr__(self) -> str:
        return f"<Ask {self.do} {self.entry}>"


class Answer(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the child prints."""

    backend: str = ""
    value: str | None = None
    error: str = ""

    def __repr__(self) -> str:
        return f"<Answer {self.backend} {self.error}>"


class KeyringUnusable(VaultError):
    """There is no keyring that could be trusted with a key, or it does not answer."""

    exit_code = 3
    default_advice = "Use the passphrase. On a machine without a desktop there is no keyring to use."


def put(entry: str, secret: bytes | bytearray, *, seconds: float = PATIENT_SECONDS) -> str:
    """Keep ``secret`` under ``entry``, read back to be sure; returns the back end's name."""
    value = base64.b64encode(secret).decode()
    return _ask(Ask(do="put", entry=entry, value=value), seconds=seconds).backend


def get(entry: str, *, seconds: float = SECONDS) -> bytearray | None:
    """What is kept under ``entry``; None: nothing."""
    value = _ask(Ask(do="get", entry=entry), seconds=seconds).value
    if value is None:
        return None
    try:
        return bytearray(base64.b64decode(value, validate=True))
    except ValueError as error:
        raise KeyringUnusable("The keyring holds something else under this vault's name.") from error


def delete(entry: str, *, seconds: float = SECONDS) -> None:
    """Forget an entry; one that is not there is no error. Raises KeyringUnusable."""
    _ask(Ask(do="delete", entry=entry), seconds=seconds)


def _ask(question: Ask, *, seconds: float) -> Answer:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "backend.vault.os_keyring_child"],
            input=msgspec.json.encode(question),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            env=environment | {"PYTHONPATH": str(_ROOT)},
            cwd="/",
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise KeyringUnusable(f"The desktop's keyring did not answer within {seconds:.0f} seconds.") from None
    except OSError as error:
        raise KeyringUnusable(f"The keyring's helper can't be started: {error.strerror}.") from None
    try:
        answer = msgspec.json.decode(done.stdout, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise KeyringUnusable("The keyring's helper failed.") from error
    if answer.error:
        raise KeyringUnusable(answer.error)
    return answer
