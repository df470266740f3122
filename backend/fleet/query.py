"""The one grammar for the ``:`` line and the command line: what to show of which clusters.

    KIND [NAME…] [@CLUSTERS] [-n NS,NS] [-l LABELS] [--field-selector FIELDS] [/REGEX] [!REGEX]
    [--sort COLUMN] [--desc]

Words are quoted as in a POSIX shell, but a backslash in an unquoted pattern stays: ``/\\d+`` means digits.
``-A`` is accepted for habit: all namespaces are the default.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend.fleet.words import Word, quoted, split_words
from backend.text import safe_text


class QuerySyntaxError(ValueError):
    """A line that can't be understood; ``position`` is the character where the trouble starts."""

    def __init__(self, sentence: str, *, position: int = 0, advice: str = "") -> None:
        self.sentence = safe_text(sentence)
        self.position = position
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What to list, where, and how to show it. Empty tuples mean: all."""

    kind: str
    """The word as given (``po``, ``certificates.cert-manager.io``); resolved per cluster."""
    names: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    """Names, globs, ``#tag``, groups."""
    namespaces: tuple[str, ...] = ()
    labels: str = ""
    """A Kubernetes label selector."""
    fields: str = ""
    """A Kubernetes field selector; each kind has its own few (``involvedObject.name=api-1``)."""
    match: str = ""
    """An RE2 pattern over the shown text of a row; only rows with a match are shown."""
    not_match: str = ""
    sort: str = ""
    """A column's title, any case."""
    descending: bool = False

    def server_fields(self) -> str:
        """The field selector that a server gets: what was asked for, and the name if it is one name."""
        one = self.names[0] if len(self.names) == 1 and not set(self.names[0]) & set("*?[") else ""
        return ",".join(part for part in (self.fields, f"metadata.name={one}" if one else "") if part)

    def __str__(self) -> str:
        """The line that :func:`parse_line` reads back as the same query (without the leading ``:``)."""
        parts = [quoted(self.kind), *(quoted(name) for name in self.names)]
        if self.clusters:
            parts.append("@" + ",".join(quoted(name, extra=",") for name in self.clusters))
        if self.namespaces:
            parts += ["-n", ",".join(quoted(name, extra=",") for name in self.namespaces)]
        if self.labels:
            parts += ["-l", quoted(self.labels)]
        if self.fields:
            parts += ["--field-selector", quoted(self.fields)]
        if self.match:
            parts.append(quoted(f"/{self.match}"))
        if self.not_match:
            parts.append(quoted(f"!{self.not_match}"))
        if self.sort:
            parts += ["--sort", quoted(self.sort)]
        if self.descending:
            parts.append("--desc")
        return " ".join(parts)


_OPTIONS = {
    "-n": "namespaces",
    "--namespace": "namespaces",
    "-l": "labels",
    "--selector": "labels",
    "--field-selector": "fields",
    "-c": "clusters",
    "--cluster": "clusters",
    "--match": "match",
    "--not-match": "not_match",
    "--sort": "sort",
}
_FLAGS = {"-A", "--all-namespaces", "--desc"}
OPTIONS = (*_OPTIONS, *sorted(_FLAGS))
_LISTS = ("clusters", "namespaces")
KIND = re.compile(r"[A-Za-z][A-Za-z0-9.-]*")


def parse_line(line: str) -> Query:
    """Read one line of the grammar; a leading ``:`` is allowed.

    Raises QuerySyntaxError, which says where and what was expected.
    """
    start = len(line) - len(line.lstrip())
    if line[start : start + 1] == ":":
        line = line[:start] + " " + line[start + 1 :]
    words, unclosed = split_words(line)
    if unclosed is not None:
        raise QuerySyntaxError(
            "this quote is never closed",
            position=unclosed,
            advice="Close it, or write a backslash before it.",
        )
    return _Reader(words, len(line)).read()


class _Reader:
    """Sorts a line's words into the fields of a query."""

    def __init__(self, words: list[Word], end: int) -> None:
        self._words = words
        self._end = end
        self._at = 0
        self._fields: dict[str, str] = {}
        self._lists: dict[str, list[str]] = {"clusters": [], "namespaces": []}
        self._names: list[str] = []
        self._descending = False

    def read(self) -> Query:
        while self._at < len(self._words):
            word = self._words[self._at]
            self._at += 1
            self._take(word)
        if "kind" not in self._fields:
            raise QuerySyntaxError("no kind is named", position=self._end, advice="Start with one: pods")
        return Query(
            names=tuple(self._names),
            clusters=tuple(self._lists["clusters"]),
            namespaces=tuple(self._lists["namespaces"]),
            descending=self._descending,
            **self._fields,
        )

    def _take(self, word: Word) -> None:
        text = word.text
        if text.startswith("@"):
            self._add_list("clusters", word, skip=1)
        elif text.startswith("/"):
            self._set("match", text[1:], word)
        elif text.startswith("!"):
            self._set("not_match", text[1:], word)
        elif text.startswith("-") and not word.quoted:
            self._option(word)
        elif "kind" not in self._fields:
            if not KIND.fullmatch(text):
                raise QuerySyntaxError(
                    f"{text!r} can't be a kind",
                    position=word.start,
                    advice="Start with one: pods, deploy, ing",
                )
            self._fields["kind"] = text
        else:
            self._names.append(text)

    def _option(self, word: Word) -> None:
        name, equals, value = word.text.partition("=")
        if word.text in _FLAGS:
            self._descending = self._descending or word.text == "--desc"
            return
        field = _OPTIONS.get(name)
        if field is None:
            raise QuerySyntaxError(
                f"there is no option {name}",
                position=word.start,
                advice="Known: -n NAMESPACES, -l LABELS, --field-selector FIELDS, --sort COLUMN, --desc, "
                "@CLUSTERS, /REGEX, !REGEX",
            )
        if equals:
            given, skip = word, len(name) + 1
        elif self._at < len(self._words):
            given, skip = self._words[self._at], 0
            self._at += 1
        else:
            raise QuerySyntaxError(f"{name} needs a value", position=self._end)
        if field in _LISTS:
            self._add_list(field, given, skip=skip)
        else:
            self._set(field, value if equals else given.text, given)

    def _add_list(self, field: str, word: Word, *, skip: int) -> None:
        items = word.split_commas(skip=skip)
        if not items:
            wanted = "cluster" if field == "clusters" else "namespace"
            raise QuerySyntaxError(f"a {wanted}'s name is missing", position=word.start)
        self._lists[field] = list(dict.fromkeys([*self._lists[field], *items]))

    def _set(self, field: str, value: str, word: Word) -> None:
        if field in self._fields:
            raise QuerySyntaxError(
                f"{_TITLES[field]} is given twice",
                position=word.start,
                advice="Join patterns with | instead.",
            )
        if not value:
            raise QuerySyntaxError(f"{_TITLES[field]} is empty", position=word.start)
        if field in ("match", "not_match"):
            check_pattern(value, position=word.start)
        self._fields[field] = value


_TITLES = {
    "match": "the filter /…",
    "not_match": "the filter !…",
    "labels": "the label selector",
    "fields": "the field selector",
    "sort": "the sort column",
}


def check_pattern(pattern: str, *, position: int = 0) -> None:
    """Raise QuerySyntaxError unless this is an RE2 pattern."""
    from backend.fleet.filter import PatternError, compile_pattern

    try:
        compile_pattern(pattern)
    except PatternError as error:
        raise QuerySyntaxError(
            f"{pattern!r} is no regular expression: {error}",
            position=position,
            advice="Put a backslash before a character that is meant literally.",
        ) from None
