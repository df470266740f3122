"""Reads the arguments that list commands share into one query: the ``:`` line's grammar, spelt for shells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from backend.fleet.query import KIND, Query, QuerySyntaxError, check_pattern
from backend.fleet.words import split_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a list command, as typed."""

    clusters: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    labels: str = ""
    match: str = ""
    not_match: str = ""
    sort: str = ""
    descending: bool = False


def read_query(words: Sequence[str], options: Options) -> Query:
    """``pods api-1 @prod-*`` and options as a query. Raises typer.BadParameter."""
    clusters = _split(options.clusters)
    match, not_match, plain = options.match, options.not_match, list[str]()
    for word in words:
        if word.startswith("@"):
            clusters += _split([word[1:]])
        elif word.startswith("/"):
            match = _once(match, word[1:], "--match")
        elif word.startswith("!"):
            not_match = _once(not_match, word[1:], "--not-match")
        else:
            plain.append(word)
    kind, names = _kind_and_names(plain)
    try:
        for pattern in (match, not_match):
            if pattern:
                check_pattern(pattern)
    except QuerySyntaxError as error:
        raise typer.BadParameter(f"{error.sentence}. {error.advice}") from None
    return Query(
        kind=kind,
        names=tuple(names),
        clusters=tuple(dict.fromkeys(clusters)),
        namespaces=tuple(dict.fromkeys(_split(options.namespaces))),
        labels=options.labels,
        match=match,
        not_match=not_match,
        sort=options.sort,
        descending=options.descending,
    )


def _kind_and_names(words: Sequence[str]) -> tuple[str, list[str]]:
    """``pods a b``, or kubectl's ``pod/a``."""
    if not words:
        raise typer.BadParameter("say which kind: navarch get pods")
    kind, slash, name = words[0].partition("/")
    if not KIND.fullmatch(kind):
        raise typer.BadParameter(f"{words[0]!r} can't be a kind; name one at a time, such as pods or deploy")
    return kind, [*([name] if slash and name else []), *words[1:]]


def _split(values: Sequence[str]) -> list[str]:
    """The parts between commas of all values; a comma within a name is quoted once more."""
    found = []
    for value in values:
        words, _ = split_words(value)
        for word in words:
            found += word.split_commas()
    return found


def _once(old: str, new: str, option: str) -> str:
    if old:
        raise typer.BadParameter(f"{option} is given twice; join patterns with | instead")
    return new


def read_named(words: Sequence[str], options: Options) -> Query:
    """A query that names its objects: an act never means everything. Raises typer.BadParameter."""
    query = read_query(words, options)
    if not query.names:
        raise typer.BadParameter(f"say which {query.kind}: a name is missing")
    if query.match or query.not_match:
        raise typer.BadParameter("filters belong to get; name the objects here")
    return query


def read_one(words: Sequence[str], options: Options) -> Query:
    """A query for one object, by one name. Raises typer.BadParameter."""
    query = read_named(words, options)
    if len(query.names) > 1:
        raise typer.BadParameter("name one object at a time")
    return query
