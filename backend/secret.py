"""A value that must not be printed by accident."""

from __future__ import annotations

from typing import Never

REDACTED = "‹redacted›"


class Secret:
    """Bytes that show themselves only on request.

    ``repr``, ``str`` and ``format`` give ``‹redacted›``, so that a traceback, a log line or an f-string can't
    leak it; it can't be pickled or turned into JSON. Python can't promise that copies are wiped: see
    docs/threat-model.md.
    """

    __slots__ = ("_value",)

    def __init__(self, value: bytes | bytearray | str) -> None:
        self._value = value.encode() if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """The secret bytes. Hold them briefly; never store, log or format them."""
        return self._value

    def text(self) -> str:
        """The secret as text (UTF-8); raises UnicodeDecodeError if it is not text."""
        return self._value.decode()

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret can't be pickled")
