"""Reads the arguments that list commands share into one query: the ``:`` line's grammar, spelt for shells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import typer

from backend.fleet.query import KIND, Query, QuerySyntaxError, check_pattern
from backend.fleet.words import split_words


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of a list command, as typed; None: not given.

    An option that was given empty is refused, because it is a script's unset variable: read as "not given",
    ``delete pods 'x*' -c "$CLUSTER"`` would mean every cluster.
    """

    clusters: Sequence[str] = ()
    namespaces: Sequence[str] = ()
    labels: str | None = None
    fields: str | None = None
    match: str | None = None
    not_match: str | None = None
    sort: str | None = None
    descending: bool = False


def read_query(words: Sequence[str], options: Options) -> Query:
    """``pods api-1 @prod-*`` and options as a query. Raises typer.BadParameter."""
    clusters = split(options.clusters, "--cluster")
    match = filled(options.match, "--match")
    not_match = filled(options.not_match, "--not-match")
    plain = list[str]()
    for word in words:
        if word.startswith("@"):
            clusters += split([word[1:]], "@")
        elif word.startswith("/"):
            match = _once(match, filled(word[1:], "/"), "--match")
        elif word.startswith("!"):
            not_match = _once(not_match, filled(word[1:], "!"), "--not-match")
        else:
            plain.append(filled(word, "a name"))
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
        namespaces=comma_separated(options.namespaces, "--namespace"),
        labels=filled(options.labels, "--selector"),
        fields=filled(options.fields, "--field-selector"),
        match=match,
        not_match=not_match,
        sort=filled(options.sort, "--sort"),
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


def comma_separated(values: Sequence[str], option: str) -> tuple[str, ...]:
    """The parts between commas of all values, each once; a comma within a name is quoted once more.

    Raises typer.BadParameter for an empty value.
    """
    return tuple(dict.fromkeys(split(values, option)))


def split(values: Sequence[str], option: str) -> list[str]:
    found = []
    for value in values:
        words, _ = split_words(value)
        parts = [part for word in words for part in word.split_commas()]
        found += parts or [filled("", option)]
    return found


def filled(value: str | None, option: str) -> str:
    """The value; "" when the option was not given at all. Raises typer.BadParameter for an empty one."""
    if value is not None and not value.strip():
        raise typer.BadParameter(f"{option} is empty; leave it out, or say what you mean")
    return value or ""


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
