"""What a write answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a write answers: HTTP code, JSON body, texts for Warning headers."""

    code: int
    body: bytes
    warnings: tuple[str, ...] = ()
