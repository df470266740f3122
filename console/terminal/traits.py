"""What the terminal at the other end can, and how far away it is.

Decided once, from the environment, before Textual is imported: Textual reads its own switches at import.
"""

from __future__ import annotations

import codecs
import locale
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

_MANY_COLOURS = ("256color", "direct", "kitty", "alacritty", "foot", "wezterm", "ghostty")
"""What the names of terminals with more than 16 colours contain (terminfo's habits, and terminals' own)."""
_TEXTUAL_SWITCHES_KEPT = frozenset({"TEXTUAL_COLOR_SYSTEM", "TEXTUAL_DISABLE_KITTY_KEY", "TEXTUAL_FPS"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    remote: bool = False
    """Over SSH: no animation, few repaints, no mouse-move reports. Told by ``SSH_CONNECTION``: unlike
    ``SSH_TTY``, tmux refreshes it when a session is attached from elsewhere."""
    unicode: bool = True
    """Whether the locale's encoding is UTF-8; otherwise borders and glyphs are ASCII."""
    colour: bool = True
    """False under ``NO_COLOR`` (no-color.org: set and not empty) or ``TERM=dumb``."""
    palette_colours: bool = False
    """Only the terminal's own 16 colours can be trusted (the Linux console, a bare ``screen``, vt100…)."""

    @property
    def refreshes_per_second(self) -> int:
        return 5 if self.remote else 10


def detect(environ: Mapping[str, str] | None = None, *, encoding: str | None = None) -> Traits:
    """Read the terminal's traits from the environment and the locale."""
    env = os.environ if environ is None else environ
    term = env.get("TERM", "")
    return Traits(
        remote=bool(env.get("SSH_CONNECTION")),
        unicode=_is_utf8(encoding or _terminal_encoding()),
        colour=not env.get("NO_COLOR") and term != "dumb",
        palette_colours=not env.get("COLORTERM") and not any(word in term for word in _MANY_COLOURS),
    )


def prepare_environment(traits: Traits) -> None:
    """Set and remove Textual's own switches; call before the first import of Textual.

    ``TEXTUAL``, ``TEXTUAL_LOG``, ``TEXTUAL_SCREENSHOT`` and the like would connect a devtools server, write
    every key (a passphrase too) into a log, or photograph the screen: they are removed.
    """
    for name in [name for name in os.environ if name == "TEXTUAL" or name.startswith("TEXTUAL_")]:
        if name not in _TEXTUAL_SWITCHES_KEPT:
            del os.environ[name]
    # Textual would turn colours into truecolor greys; our mono theme uses no colour at all.
    os.environ.pop("NO_COLOR", None)
    # Cells glow and fade by our own clock; nothing else ever moves.
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    os.environ["TEXTUAL_SMOOTH_SCROLL"] = "0"
    if traits.remote:
        os.environ.setdefault("TEXTUAL_COLOR_SYSTEM", "256")
        os.environ.setdefault("TEXTUAL_FPS", "15")


def _terminal_encoding() -> str:
    stream = sys.__stderr__
    return (stream.encoding if stream is not None else None) or locale.getpreferredencoding(False)


def _is_utf8(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name == "utf-8"
    except LookupError:
        return False
