"""tmux or screen between the console and the terminal: what gets lost there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn

_SECONDS = 3.0


def _examine(around: Surroundings) -> Iterator[Finding]:
    if around.environ.get("TMUX"):
        yield from _tmux()
    elif around.environ.get("STY"):
        yield ok("Inside GNU screen: copying goes through it in pieces.")


def _tmux() -> Iterator[Finding]:
    clipboard, escape = _option("set-clipboard"), _option("escape-time")
    if clipboard is None:
        yield warn("Inside tmux, which does not answer.", "Is the tmux that runs older than the program?")
        return
    if clipboard == "off":
        yield warn(
            "tmux keeps copied text to itself (set-clipboard off).",
            "In ~/.tmux.conf: set -g set-clipboard on",
        )
    else:
        yield ok(f"Inside tmux, set-clipboard {clipboard}")
    if escape is not None and escape.isdigit() and int(escape) > 100:
        yield warn(
            f"tmux waits {escape} ms after every escape key.", "In ~/.tmux.conf: set -sg escape-time 20"
        )


def _option(name: str) -> str | None:
    try:
        done = subprocess.run(
            ["tmux", "show-options", "-sv", name],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout[:100].decode("utf-8", "replace").strip()


CHECK = Check(title="tmux, screen", examine=_examine)
