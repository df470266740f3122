"""Recovery codes: 128 random bits for paper, with a checksum that catches typing errors."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os

CODE_BYTES = 16
CHECK_BYTES = 4
_LENGTH = 32  # 20 bytes in base32
_MISREAD = str.maketrans("018", "OIB")


def new_code() -> str:
    """A fresh code: eight groups of four letters and digits (RFC 4648 base32)."""
    return _written(os.urandom(CODE_BYTES))


def parse_code(text: str) -> bytes | None:
    """The 16 random bytes of a code as somebody typed it, or None when it is no (correct) code."""
    squeezed = "".join(c for c in text.upper() if c not in "- \t").translate(_MISREAD)
    if len(squeezed) != _LENGTH or not squeezed.isascii():
        return None
    try:
        raw = base64.b32decode(squeezed)
    except binascii.Error:
        return None
    code, check = raw[:CODE_BYTES], raw[CODE_BYTES:]
    return code if check == _checksum(code) else None


def looks_like_code(text: str) -> bool:
    """Whether somebody probably meant a recovery code, right or mistyped: eight groups of four."""
    groups = text.strip().replace(" ", "-").split("-")
    return len(groups) == 8 and all(len(group) == 4 and group.isalnum() for group in groups)


def _written(code: bytes) -> str:
    text = base64.b32encode(code + _checksum(code)).decode()
    return "-".join(text[i : i + 4] for i in range(0, _LENGTH, 4))


def _checksum(code: bytes) -> bytes:
    return hashlib.sha256(b"navarch recovery code\0" + code).digest()[:CHECK_BYTES]
