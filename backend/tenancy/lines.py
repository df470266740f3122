"""Questions about rights on the ``:`` line: ``WORDS… [@CLUSTERS] [-n NS,NS] [--group GROUP]…``."""

from __future__ import annotations

from backend.fleet.words import Word, split_words
from backend.tenancy.question import Question
from backend.tenancy.subjects import Subject, parse_subject
from backend.tenancy.where import Where
from backend.text import safe_text


class NotAsked(ValueError):
    """The words are no question about rights; ``sentence`` and ``advice`` say what is."""

    def __init__(self, sentence: str, advice: str) -> None:
        self.sentence = safe_text(sentence, limit=200)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


def parse_rights(line: str) -> tuple[Subject | None, Where]:
    """``[SUBJECT] …``; None: ourselves. Raises NotAsked and NotASubject."""
    words, where = _read(line)
    if len(words) > 1:
        raise NotAsked("name one subject at a time", "rights [alice | group:devs | sa:NS/NAME] [@CLUSTERS]")
    return (parse_subject(words[0]) if words else None), where


def parse_who_can(line: str) -> tuple[Question, Where]:
    """``VERB KIND [NAME] …``. Raises NotAsked."""
    words, where = _read(line)
    if not 2 <= len(words) <= 3:
        raise NotAsked("name a verb and a kind", "who-can VERB KIND [NAME] [@CLUSTERS] [-n NS]")
    name = words[2] if len(words) == 3 else ""
    return Question(verb=words[0].lower(), kind=words[1], name=name), where


def _read(line: str) -> tuple[list[str], Where]:
    words, unclosed = split_words(line)
    if unclosed is not None:
        raise NotAsked("a quote is never closed", "Close it, or write a backslash before it.")
    plain: list[str] = []
    found: dict[str, list[str]] = {"clusters": [], "namespaces": [], "groups": []}
    rest = iter(words)
    for word in rest:
        if word.text.startswith("@"):
            found["clusters"] += word.split_commas(skip=1)
        elif word.text in ("-n", "--namespace", "--group"):
            field = "groups" if word.text == "--group" else "namespaces"
            found[field] += _value(word, next(rest, None))
        else:
            plain.append(word.text)
    return plain, Where(**{field: tuple(values) for field, values in found.items()})


def _value(option: Word, word: Word | None) -> list[str]:
    if word is None:
        raise NotAsked(f"{option.text} needs a value", "Name namespaces or groups, joined by commas.")
    return word.split_commas()
