"""A line split into words as a POSIX shell would, remembering where each stood and what was quoted."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./!#*?^~{}\[\]|-]+")


_PATTERN = "/!"
"""What an unquoted pattern starts with. In it a backslash is the pattern's, not the line's."""
_NEEDS_ESCAPE = " \t\n'\""


@dataclass(frozen=True, slots=True)
class Word:
    """``text`` without its quotes; ``mask`` tells for each character whether it was quoted."""

    text: str
    mask: tuple[bool, ...]
    start: int
    """Where the word starts in the line."""
    end: int

    @property
    def quoted(self) -> bool:
        """Whether its first character was quoted: then a leading ``-`` is a character like any other."""
        return bool(self.mask) and self.mask[0]

    def split_commas(self, *, skip: int = 0) -> list[str]:
        """The parts between unquoted commas, empty ones left out, after the first ``skip`` characters."""
        parts = [""]
        for character, protected in zip(self.text[skip:], self.mask[skip:], strict=True):
            if character == "," and not protected:
                parts.append("")
            else:
                parts[-1] += character
        return [part for part in parts if part]


def split_words(line: str) -> tuple[list[Word], int | None]:
    """The line's words; and, if a quote is never closed, where it was opened (its word is still there)."""
    words: list[Word] = []
    at = 0
    unclosed: int | None = None
    while at < len(line):
        if line[at].isspace():
            at += 1
            continue
        word, at, unclosed = _one(line, at)
        words.append(word)
    return words, unclosed


def _one(line: str, start: int) -> tuple[Word, int, int | None]:
    text: list[str] = []
    mask: list[bool] = []
    quote, opened, at = "", start, start
    while at < len(line):
        character = line[at]
        if quote:
            if character == quote:
                quote = ""
            elif character == "\\" and quote == '"' and line[at + 1 : at + 2] in ('"', "\\", "$", "`"):
                at += 1
                _push(text, mask, line[at], True)
            else:
                _push(text, mask, character, True)
        elif character in "'\"":
            quote, opened = character, at
        elif character.isspace():
            break
        elif character == "\\" and at + 1 < len(line):
            at += 1
            if line[start] in _PATTERN and line[at] not in _NEEDS_ESCAPE:
                _push(text, mask, character, False)
            _push(text, mask, line[at], True)
        else:
            _push(text, mask, character, False)
        at += 1
    return Word("".join(text), tuple(mask), start, at), at, opened if quote else None


def _push(text: list[str], mask: list[bool], character: str, protected: bool) -> None:
    text.append(character)
    mask.append(protected)


def quoted(text: str, *, extra: str = "") -> str:
    """The text as one word of a line, quoted only when needed; characters of ``extra`` need it too."""
    if _PLAIN.fullmatch(text) and not any(character in text for character in extra):
        return text
    return "'" + text.replace("'", "'\"'\"'") + "'"
