"""A watch's bytes cut into lines, whatever the chunks they come in; no line can swallow the memory (R20)."""

from __future__ import annotations

from backend.kube.decoder import MAX_LINE

OVERSIZED = b""
"""Stands for a line longer than the cap: an event that must be counted, and can't be read."""


class LineSplitter:
    """Feed it chunks, it gives complete lines (without their line feed; blank ones are dropped)."""

    def __init__(self, *, cap: int = MAX_LINE) -> None:
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0
        self._dropping = False

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines this chunk completes."""
        *complete, rest = chunk.split(b"\n")
        lines = [line for part in complete if (line := self._complete(part)) is not None]
        self._hold(rest)
        return lines

    @property
    def pending(self) -> int:
        """Bytes of the line that has begun and not ended."""
        return self._size

    def _hold(self, part: bytes) -> None:
        if not part or self._dropping:
            return
        self._parts.append(part)
        self._size += len(part)
        if self._size > self._cap:
            self._dropping = True
            self._parts.clear()
            self._size = 0

    def _complete(self, part: bytes) -> bytes | None:
        self._hold(part)
        dropped, self._dropping = self._dropping, False
        line = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if dropped:
            return OVERSIZED
        return line if line.strip() else None
