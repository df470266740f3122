"""Copying through the terminal: what is written, through tmux too, and what is too much."""

from __future__ import annotations

import base64

import pytest

from console.terminal.clipboard import LONGEST, TooLong, copying
from console.terminal.shadow import ShadowScreen

SCREEN = {"STY": "1.tty1.host", "TERM": "screen"}
TMUX = {"TMUX": "/run/tmux/default,1,0"}
PLAIN = "\x1b]52;c;" + base64.b64encode("pod-ü".encode()).decode() + "\a"


def test_plain_without_tmux() -> None:
    assert copying("pod-ü", environ={}) == PLAIN


def test_inside_tmux_it_is_passed_through_with_escapes_doubled() -> None:
    wrapped = copying("pod-ü", environ=TMUX).removeprefix(PLAIN)
    assert wrapped == "\x1bPtmux;\x1b" + PLAIN + "\x1b\\"


@pytest.mark.parametrize("environ", [{}, TMUX, SCREEN])
def test_the_shadow_screen_lets_it_through_whole(environ: dict[str, str]) -> None:
    sequence = copying("pod-ü", environ=environ)
    assert ShadowScreen().reduce(sequence) == sequence


def test_inside_screen_it_goes_in_pieces_that_screen_passes_on() -> None:
    long = "pod-" * 1000
    wrapped = copying(long, environ=SCREEN)
    pieces = wrapped.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert len(pieces) > 1
    assert all(len(piece) < 768 for piece in pieces)
    assert "".join(pieces) == "\x1b]52;c;" + base64.b64encode(long.encode()).decode() + "\a"


def test_tmux_inside_screen_is_asked_as_tmux() -> None:
    assert copying("pod-ü", environ={**SCREEN, **TMUX}) == copying("pod-ü", environ=TMUX)


def test_too_much_is_refused_with_a_sentence() -> None:
    assert copying("x" * LONGEST, environ={})
    with pytest.raises(TooLong) as error:
        copying("ü" * LONGEST, environ={})
    assert "100,000 bytes" in error.value.sentence
