"""Copying to the clipboard of the terminal that a person sits at, with OSC 52; through tmux too.

xterm's control sequences, "Manipulate Selection Data" (OSC 52). Inside tmux the terminal outside is reached
with tmux's pass-through (DCS ``tmux;``, every escape doubled; tmux's ``allow-passthrough``); the plain
sequence goes along for a tmux that keeps the clipboard itself (``set-clipboard on``).
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

LONGEST = 50_000
"""Bytes of text: xterm and others drop sequences of more than about 74 kB of base64 without a word."""


class TooLong(Exception):
    """More than terminals take."""

    def __init__(self, size: int) -> None:
        self.sentence = f"{size:,} bytes are too much for a terminal's clipboard ({LONGEST:,} at most)"
        self.advice = "Take it from the command line: navarch yaml"
        super().__init__(self.sentence)


def copying(text: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """What to write to the terminal so that it takes the text. Raises TooLong."""
    content = text.encode()
    if len(content) > LONGEST:
        raise TooLong(len(content))
    plain = f"\x1b]52;c;{base64.b64encode(content).decode()}\a"
    if not environ.get("TMUX"):
        return plain
    doubled = plain.replace("\x1b", "\x1b\x1b")
    return f"{plain}\x1bPtmux;{doubled}\x1b\\"
