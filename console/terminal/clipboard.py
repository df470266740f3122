"""Copying to the clipboard of the terminal that a person sits at, with OSC 52; through tmux and screen too.

xterm's control sequences, "Manipulate Selection Data" (OSC 52). Inside tmux the terminal outside is reached
with tmux's pass-through (DCS ``tmux;``, every escape doubled; tmux's ``allow-passthrough``); the plain
sequence goes along for a tmux that keeps the clipboard itself (``set-clipboard on``). GNU screen passes the
content of any DCS string on, but drops one longer than 768 bytes, so the sequence goes in pieces.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

LONGEST = 50_000
"""Bytes of text: xterm and others drop sequences of more than about 74 kB of base64 without a word."""
_SCREEN_PIECE = 512
"""Bytes in one DCS string, well below screen's 768 (MAXSTR)."""


class TooLong(Exception):
    """More than terminals take."""

    def __init__(self, size: int) -> None:
        self.sentence = f"{size:,} bytes are too much for a terminal's clipboard ({LONGEST:,} at most)"
        self.advice = "Take it from the command line (navarch yaml, navarch get), or export it (ctrl-e)."
        super().__init__(self.sentence)


def fits(text: str) -> bool:
    """Whether terminals take so much."""
    return len(text.encode()) <= LONGEST


def copying(text: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """What to write to the terminal so that it takes the text. Raises TooLong."""
    content = text.encode()
    if len(content) > LONGEST:
        raise TooLong(len(content))
    plain = f"\x1b]52;c;{base64.b64encode(content).decode()}\a"
    if environ.get("TMUX"):
        doubled = plain.replace("\x1b", "\x1b\x1b")
        return f"{plain}\x1bPtmux;{doubled}\x1b\\"
    if environ.get("STY"):
        pieces = (plain[at : at + _SCREEN_PIECE] for at in range(0, len(plain), _SCREEN_PIECE))
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return plain
