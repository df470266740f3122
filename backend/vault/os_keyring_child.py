"""The process that talks to the desktop's keyring: one question on its input, one answer on its output.

See ``os_keyring``. What it says of a failure is the failure's kind, never its text: that may quote a secret.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Protocol, cast

import msgspec

from backend.vault.os_keyring import Answer, Ask

SERVICE = "navarch"
ALLOWED = {
    "Secret Service": "keyring.backends.SecretService:Keyring",
    "KWallet": "keyring.backends.kwallet:DBusKeyring",
    "macOS Keychain": "keyring.backends.macOS:Keyring",
}
"""In the order they are tried. Everything else that ``keyring`` knows is refused."""


class Backend(Protocol):
    """What is used of ``keyring.backend.KeyringBackend``."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def chosen() -> tuple[str, Backend] | None:
    """The first allowed back end that works here."""
    for name, path in ALLOWED.items():
        module, _, kind = path.partition(":")
        try:
            found = getattr(importlib.import_module(module), kind)
            if found.priority >= 1:
                return name, cast("Backend", found())
        except Exception:  # noqa: S112 - a back end says in every possible way that it is not there
            continue
    return None


def answer(question: Ask) -> Answer:
    found = chosen()
    if found is None:
        return Answer(error="This machine has no desktop keyring (Secret Service, KWallet or Keychain).")
    name, backend = found
    try:
        if question.do == "put":
            backend.set_password(SERVICE, question.entry, question.value)
            if backend.get_password(SERVICE, question.entry) != question.value:
                return Answer(error=f"The keyring ({name}) did not keep what was given to it.")
            return Answer(backend=name)
        if question.do == "delete":
            if backend.get_password(SERVICE, question.entry) is not None:
                backend.delete_password(SERVICE, question.entry)
            return Answer(backend=name)
        return Answer(backend=name, value=backend.get_password(SERVICE, question.entry))
    except Exception as error:
        return Answer(error=f"The keyring ({name}) refused: {type(error).__name__}.")


def main() -> None:
    out = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # a library that prints must not spoil the answer
    reply = answer(msgspec.json.decode(sys.stdin.buffer.read(), type=Ask))
    os.write(out, msgspec.json.encode(reply))


if __name__ == "__main__":
    main()
