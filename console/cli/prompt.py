"""Asking a person at the terminal; where there is none, nothing asks and nothing waits."""

from __future__ import annotations

import getpass
import os
import socket
import sys

from console.cli.exits import Exit
from console.cli.failures import say


class NoTerminal(Exception):
    """A question needs a person, and there is none."""

    exit_code = int(Exit.REFUSED)

    def __init__(self, sentence: str, advice: str) -> None:
        self.sentence, self.advice = sentence, advice
        super().__init__(sentence)


def person_present() -> bool:
    """Whether this process may ask at a terminal: it has one, and it is not in the background there."""
    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(fd)


def ask_secret(question: str) -> str:
    """Read something secret from the terminal (not from a pipe), without showing it."""
    return getpass.getpass(f"{question}: ")


def ask_new_passphrase(question: str = "New passphrase") -> str:
    """Ask twice until both are the same; raises KeyboardInterrupt when the person gives up."""
    while True:
        first = ask_secret(question)
        if first == ask_secret("Once more"):
            return first
        say("these were two different passphrases; try again")


def this_machine() -> str:
    """What to call this machine where nothing else is said."""
    return "".join(c for c in socket.gethostname() if c.isprintable())[:60] or "this machine"


def agree(question: str, *, default: bool = False) -> bool:
    """A yes-or-no question on stderr; an empty answer is the default."""
    answer = _answer(f"{question} [{'Y/n' if default else 'y/N'}] ").strip().lower()
    return default if not answer else answer in {"y", "yes"}


def agree_by_typing(question: str, wanted: str) -> bool:
    """The stronger question: the person types the very word."""
    return _answer(f"{question}\nType {wanted} to go on: ").strip() == wanted


def _answer(question: str) -> str:
    with open("/dev/tty", "r+b", buffering=0) as terminal:
        terminal.write(question.encode(sys.stderr.encoding or "utf-8", "replace"))
        answer = bytearray()
        while (byte := terminal.read(1)) not in (b"", b"\n"):
            answer += byte
    return answer.decode("utf-8", "replace")
