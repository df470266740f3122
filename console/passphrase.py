"""How hard a passphrase is to guess, roughly, and in words."""

from __future__ import annotations

import math
from enum import Enum

_COMMON = (
    "password",
    "passwort",
    "qwerty",
    "qwertz",
    "letmein",
    "kubernetes",
    "navarch",
    "admin",
    "secret",
    "12345",
)


class Strength(Enum):
    WEAK = "weak"
    FAIR = "fair"
    GOOD = "good"


def strength(passphrase: str) -> tuple[Strength, str]:
    """A rough judgement and its reason.

    Counts what a guesser who knows the habits must try: different characters by the alphabets they come
    from, words as words. Argon2id makes each guess cost half a second and 256 MiB, hence the low bounds.
    """
    bits = _bits(passphrase)
    lowered = passphrase.casefold()
    if len(passphrase) < 10:
        return Strength.WEAK, "at least 10 characters; several words are best"
    if any(common in lowered for common in _COMMON) and len(passphrase) < 20:
        return Strength.WEAK, "it contains a word that guessers try first"
    if bits < 35:
        return Strength.WEAK, "too much of it repeats"
    if bits < 55:
        return Strength.FAIR, "one more word would make it strong"
    return Strength.GOOD, "hard to guess"


def _bits(passphrase: str) -> float:
    words = [word for word in passphrase.replace("-", " ").split() if len(word) > 2]
    if len(words) >= 3:
        return 12.0 * len({word.casefold() for word in words}) + len(passphrase) / 4
    alphabet = sum(
        size
        for size, has in (
            (26, any(c.islower() for c in passphrase)),
            (26, any(c.isupper() for c in passphrase)),
            (10, any(c.isdigit() for c in passphrase)),
            (30, any(not c.isalnum() for c in passphrase)),
        )
        if has
    )
    varied = len(set(passphrase)) + 0.5 * (len(passphrase) - len(set(passphrase)))
    return varied * math.log2(max(2, alphabet))
