"""The unlock cache: the master key in the Linux kernel's keyring, forgotten by the kernel after a while.

The kernel's keyring needs no daemon, is never written to disk by us, and ends by itself. Any process of the
same user can read it: that is what an unlocked vault means (docs/threat-model.md). Where it does not exist
(macOS) or is forbidden (many containers' seccomp profiles) there is no cache: ``why_unavailable`` says so.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import struct
import sys
import time

from backend.vault.format import KEY_BYTES

DEFAULT_SECONDS = 600
LONGEST_SECONDS = 8 * 3600
_SYSCALLS = {"x86_64": (248, 250), "aarch64": (217, 219)}  # add_key, keyctl
_USER_KEYRING, _SESSION_KEYRING = -4, -3
_UNLINK, _SEARCH, _READ, _LINK, _SETPERM, _SET_TIMEOUT = 9, 10, 11, 8, 5, 15
_OWNER_AND_POSSESSOR = 0x3F0B0000  # possessor: all; user: view, read, search
_EXPIRY = struct.Struct(">d")
_SO = "so every command asks for the passphrase again."


class KeyringRefused(OSError):
    """The kernel refused: no such keyring, not permitted, or no room."""


class UnlockCache:
    """Keeps one vault's master key of one epoch; another epoch's key is never found under it."""

    def __init__(self, store: bytes, epoch: int) -> None:
        self._name = f"navarch:{store.hex()}:{epoch}".encode()

    def put(self, secret: bytearray, *, seconds: int = DEFAULT_SECONDS) -> bool:
        """Keep the key for ``seconds`` (at most eight hours); False where there is no keyring."""
        seconds = max(1, min(seconds, LONGEST_SECONDS))
        payload = bytearray(_EXPIRY.pack(_now() + seconds)) + secret
        buffer = (ctypes.c_char * len(payload)).from_buffer(payload)
        with contextlib.suppress(OSError):  # without pam_keyinit the session keyring is the user's anyway
            _keyctl(_LINK, _USER_KEYRING, _SESSION_KEYRING)
        try:
            key = _add_key(b"user", self._name, buffer)
            _keyctl(_SETPERM, key, _OWNER_AND_POSSESSOR)
            _keyctl(_SET_TIMEOUT, key, seconds)
        except OSError:
            return False
        finally:
            ctypes.memset(buffer, 0, len(payload))
        return True

    def get(self) -> tuple[bytearray, float] | None:
        """(master key, seconds left), or None."""
        size = _EXPIRY.size + KEY_BYTES
        buffer = ctypes.create_string_buffer(size)
        try:
            length = _keyctl(_READ, self._find(), ctypes.addressof(buffer), size)
            if length != size:
                return None
            left = _EXPIRY.unpack(buffer.raw[: _EXPIRY.size])[0] - _now()
            secret = bytearray(buffer.raw[_EXPIRY.size :])
        except OSError:
            return None
        finally:
            ctypes.memset(buffer, 0, size)
        return (secret, left) if left > 0 else None

    def drop(self) -> None:
        try:
            _keyctl(_UNLINK, self._find(), _USER_KEYRING)
        except OSError:
            return

    def _find(self) -> int:
        return _keyctl(_SEARCH, _USER_KEYRING, ctypes.c_char_p(b"user"), ctypes.c_char_p(self._name), 0)


def why_unavailable() -> str:
    """'' where the kernel keyring works; otherwise a sentence for people."""
    if not sys.platform.startswith("linux") or platform.machine() not in _SYSCALLS:
        return f"This system has no kernel keyring, {_SO}"
    probe = UnlockCache(b"probe", os.getpid())
    if not probe.put(bytearray(KEY_BYTES), seconds=5):
        return f"The kernel keyring is forbidden here (a container?), {_SO}"
    found = probe.get()
    probe.drop()
    return "" if found else f"The kernel keyring can't be read here, {_SO}"


def _now() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


def _add_key(kind: bytes, name: bytes, payload: ctypes.Array[ctypes.c_char]) -> int:
    number = _SYSCALLS.get(platform.machine(), (0, 0))[0]
    return _syscall(
        number,
        ctypes.c_char_p(kind),
        ctypes.c_char_p(name),
        ctypes.c_void_p(ctypes.addressof(payload)),
        ctypes.c_size_t(len(payload)),
        ctypes.c_int(_USER_KEYRING),
    )


def _keyctl(operation: int, *arguments: object) -> int:
    number = _SYSCALLS.get(platform.machine(), (0, 0))[1]
    converted = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _syscall(number, ctypes.c_long(operation), *converted)


def _syscall(number: int, *arguments: object) -> int:
    if not number or not sys.platform.startswith("linux"):
        raise KeyringRefused("no kernel keyring")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    result = int(libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        code = ctypes.get_errno()
        raise KeyringRefused(code, os.strerror(code))
    return result
