"""What a search looks for, how well something matches it, and the ``:search`` line it is written as.

    TERM [@CLUSTERS] [-n NS,NS] [-l LABELS] [--image IMAGE] [--kind KIND,KIND]

TERM is a part of a name, or ``/REGEX/`` (RE2). Case does not matter, unless a pattern holds a capital.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from backend.fleet.filter import compile_pattern
from backend.fleet.query import QuerySyntaxError, check_pattern
from backend.fleet.words import Word, quoted, split_words


class Match(IntEnum):
    """How well a name matches; the best first."""

    EXACT = 0
    PREFIX = 1
    SUBSTRING = 2
    PATTERN = 3
    LABELS = 4
    """No name was asked for: the labels or the image match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for, and where. Empty tuples mean: all."""

    term: str = ""
    """A part of a name; or, between slashes, a pattern (RE2)."""
    labels: str = ""
    """A Kubernetes label selector; the servers apply it."""
    image: str = ""
    """A part of a container image's name, tag or digest."""
    clusters: tuple[str, ...] = ()
    namespaces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    """Words for kinds or categories; () means everything but events and metrics."""

    def match(self, name: str) -> Match | None:
        """How well the name matches; None: not at all."""
        if not self.term:
            return Match.LABELS
        if (pattern := pattern_in(self.term)) is not None:
            return Match.PATTERN if compile_pattern(pattern).matches(name.encode()) else None
        have, want = name.casefold(), self.term.casefold()
        if have == want:
            return Match.EXACT
        if have.startswith(want):
            return Match.PREFIX
        return Match.SUBSTRING if want in have else None

    def __str__(self) -> str:
        """The line that :func:`parse_search` reads back as the same search."""
        parts = [quoted(self.term)] if self.term else []
        if self.clusters:
            parts.append("@" + ",".join(quoted(name, extra=",") for name in self.clusters))
        for option, values in (("-n", self.namespaces), ("--kind", self.kinds)):
            if values:
                parts += [option, ",".join(quoted(value, extra=",") for value in values)]
        for option, value in (("-l", self.labels), ("--image", self.image)):
            if value:
                parts += [option, quoted(value)]
        return " ".join(parts)


def pattern_in(term: str) -> str | None:
    """The regular expression of ``/…/`` (the closing slash may be missing); None for plain text."""
    if not term.startswith("/") or len(term) < 2:
        return None
    inner = term[1:]
    return inner[:-1] if inner.endswith("/") and not inner.endswith("\\/") and len(inner) > 1 else inner


def checked(search: Search) -> Search:
    """The search itself. Raises QuerySyntaxError when there is nothing to look for, or no pattern."""
    if not (search.term or search.labels or search.image):
        raise QuerySyntaxError(
            "nothing to look for is named",
            advice="Say a part of a name, /REGEX/, --label K=V or --image IMAGE.",
        )
    pattern = pattern_in(search.term)
    if pattern is not None:
        check_pattern(pattern)
    return search


_TEXTS = {"-l": "labels", "--selector": "labels", "--label": "labels", "--image": "image"}
_LISTS = {
    "-n": "namespaces",
    "--namespace": "namespaces",
    "-c": "clusters",
    "--cluster": "clusters",
    "--kind": "kinds",
}
OPTIONS = (*_LISTS, *_TEXTS)


def parse_search(line: str) -> Search:
    """Read what stands behind ``:search``. Raises QuerySyntaxError, which says where."""
    words, unclosed = split_words(line)
    if unclosed is not None:
        raise QuerySyntaxError("this quote is never closed", position=unclosed)
    texts: dict[str, str] = {}
    lists: dict[str, tuple[str, ...]] = {}
    waiting = iter(words)
    for word in waiting:
        if word.text.startswith("@"):
            _add(lists, "clusters", word, skip=1)
        elif word.text.startswith("-") and not word.quoted:
            _option(word, next(waiting, None) if "=" not in word.text else word, texts, lists)
        elif "term" in texts:
            raise QuerySyntaxError(
                "a second name is given", position=word.start, advice="Join patterns: /one|other/"
            )
        else:
            texts["term"] = word.text
    return checked(
        Search(
            term=texts.get("term", ""),
            labels=texts.get("labels", ""),
            image=texts.get("image", ""),
            clusters=lists.get("clusters", ()),
            namespaces=lists.get("namespaces", ()),
            kinds=lists.get("kinds", ()),
        )
    )


def _option(word: Word, value: Word | None, texts: dict[str, str], lists: dict[str, tuple[str, ...]]) -> None:
    name, equals, inside = word.text.partition("=")
    if name not in OPTIONS:
        known = ", ".join(OPTIONS)
        raise QuerySyntaxError(f"there is no option {name}", position=word.start, advice=f"Known: {known}")
    if value is None or not (inside if equals else value.text):
        raise QuerySyntaxError(f"{name} needs a value", position=word.end)
    if name in _LISTS:
        _add(lists, _LISTS[name], value, skip=len(name) + 1 if equals else 0)
    else:
        texts[_TEXTS[name]] = inside if equals else value.text


def _add(lists: dict[str, tuple[str, ...]], field: str, word: Word, *, skip: int) -> None:
    lists[field] = tuple(dict.fromkeys((*lists.get(field, ()), *word.split_commas(skip=skip))))
