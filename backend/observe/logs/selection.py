"""Whose logs are meant, and which part of them, as plain data; and the line that says so.

logs [POD…|KIND NAME…|KIND/NAME…] [@CLUSTERS] [-n NS,NS] [-l LABELS] [/REGEX] [!REGEX]
     [--container C,C] [--since 1h] [--tail N] [--previous]
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from backend.fleet.query import KIND, Query, QuerySyntaxError, parse_line
from backend.fleet.words import quoted, split_words

PODS = "pods"
TAIL = 200
"""Lines of each container's past that are shown when nobody says how many."""
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSelection:
    """Objects whose containers' logs are meant; one query for each marked row, or one for many objects."""

    queries: tuple[Query, ...] = (Query(kind=PODS),)
    containers: tuple[str, ...] = ()
    """Names and globs; empty: all of them, init and ephemeral ones too."""
    previous: bool = False
    """The run before the present one, of containers that had one."""
    since: float | None = None
    """Only lines of the last so many seconds."""
    since_time: float | None = None
    """Only lines from this moment on (seconds since the epoch)."""
    tail: int | None = None
    """At most so many lines of each container's past; None: all there are."""
    match: str = ""
    not_match: str = ""

    @property
    def exact(self) -> bool:
        """Whether one pod is named, without wildcards."""
        names = [name for query in self.queries for name in query.names]
        only = len(self.queries) == len(names) == 1
        return only and self.queries[0].kind in _POD_WORDS and not set(names[0]) & set("*?[")


_POD_WORDS = frozenset({PODS, "po", "pod"})


def of_object(*, cluster_id: str, kind: str, namespace: str, name: str) -> Query:
    """The query that means one object; ``kind`` is its full name (``deployments.apps``)."""
    return Query(
        kind=kind,
        names=(_literal(name),),
        clusters=(cluster_id,),
        namespaces=(namespace,) if namespace else (),
    )


def _literal(name: str) -> str:
    return re.sub(r"([*?[])", r"[\1]", name)


def seconds_in(text: str) -> float:
    """``90s``, ``5m``, ``1h30m``, ``2d`` as seconds. Raises ValueError."""
    found = _DURATION.findall(text)
    if not found or "".join(number + unit for number, unit in found) != text:
        raise ValueError(f"{text!r} is no duration; durations are 30s, 5m, 1h30m, 2d")
    return math.fsum(float(number) * _UNITS[unit] for number, unit in found)


def read_words(words: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Kinds and names that words mean: ``api-1``, ``deploy/api``, ``deploy api cart``; none: all pods.

    A first word that is a known kind is one when names follow or when it could be no pod's name alone;
    everything else names pods, as for kubectl. Raises QuerySyntaxError.
    """
    from backend.resources import registry

    if words and "/" not in words[0] and registry.builtin(words[0]) is not None:
        return [(words[0], tuple(words[1:]))]
    kinds: dict[str, list[str]] = {}
    for word in words:
        kind, slash, name = word.partition("/")
        if slash and (not name or not KIND.fullmatch(kind)):
            raise QuerySyntaxError(f"{word!r} names nothing", advice="Say KIND/NAME, such as deploy/api")
        kinds.setdefault(kind if slash else PODS, []).append(name if slash else word)
    return [(kind, tuple(names)) for kind, names in kinds.items()] or [(PODS, ())]


def parse_logs(line: str) -> LogSelection:
    """Read what follows ``logs`` on the ``:`` line. Raises QuerySyntaxError."""
    words, unclosed = split_words(line)
    if unclosed is not None:
        raise QuerySyntaxError("this quote is never closed", position=unclosed)
    given, rest = _own_options([(word.text, word.quoted) for word in words])
    names, where = _apart(rest)
    base = parse_line(" ".join([PODS, *where]))
    queries = tuple(
        replace(base, kind=kind, names=found, match="", not_match="") for kind, found in read_words(names)
    )
    return replace(given, queries=queries, match=base.match, not_match=base.not_match)


def _own_options(words: list[tuple[str, bool]]) -> tuple[LogSelection, list[tuple[str, bool]]]:
    """What only logs have, and the words that are left."""
    found = LogSelection(tail=TAIL)
    rest: list[tuple[str, bool]] = []
    at = 0
    while at < len(words):
        text, is_quoted = words[at]
        at += 1
        name, equals, value = text.partition("=")
        if is_quoted or name not in _OWN:
            rest.append((text, is_quoted))
            continue
        if name == "--previous":
            found = replace(found, previous=True)
            continue
        if not equals:
            if at == len(words):
                raise QuerySyntaxError(f"{name} needs a value")
            value = words[at][0]
            at += 1
        found = _with(found, name, value)
    return found, rest


_OWN = ("--container", "--since", "--tail", "--previous")


def _with(selection: LogSelection, name: str, value: str) -> LogSelection:
    match name:
        case "--container":
            return replace(selection, containers=tuple(part for part in value.split(",") if part))
        case "--tail":
            if not value.lstrip("-").isdigit():
                raise QuerySyntaxError(f"--tail {value!r} is no number of lines")
            return replace(selection, tail=int(value) if int(value) >= 0 else None)
    try:
        return replace(selection, since=seconds_in(value), tail=None)
    except ValueError as error:
        raise QuerySyntaxError(str(error)) from None


def _apart(words: list[tuple[str, bool]]) -> tuple[list[str], list[str]]:
    """Names of objects, and the words of the grammar that all lists share, quoted again."""
    names: list[str] = []
    where: list[str] = []
    value_follows = False
    for text, is_quoted in words:
        if value_follows:
            where.append(quoted(text))
            value_follows = False
        elif not is_quoted and text.startswith("-"):
            where.append(text)
            value_follows = "=" not in text and text not in ("-A", "--all-namespaces", "--desc")
        elif text.startswith(("@", "!")) or (text.startswith("/") and not is_quoted):
            where.append(text if text.startswith("@") else quoted(text))
        else:
            names.append(text)
    return names, where
