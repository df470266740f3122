"""What may come next on the ``:`` line and on the command line; and why nothing can, when nothing can."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from backend.fleet.member import Member
from backend.fleet.query import OPTIONS
from backend.fleet.words import Word, quoted, split_words
from backend.resources import registry
from backend.resources.use import use_titles
from backend.text import SafeStr, safe_text

LIMIT = 50
"""Candidates at most: more can't be read."""
_NOTHING = SafeStr("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """``text`` replaces the line from ``Completion.start`` on; ``hint`` says what it is."""

    text: str
    hint: SafeStr = _NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    start: int
    """Where in the line the word being completed starts."""
    candidates: tuple[Candidate, ...] = ()
    reason: SafeStr = _NOTHING
    """Why there are none, for people; empty otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What completion may offer; nothing is asked of a cluster while a person types."""

    members: Sequence[Member] = ()
    kinds: Sequence[str] = ()
    """Names of kinds that clusters' discovery told, besides those with an entry."""
    namespaces: Sequence[str] = ()
    columns: Mapping[str, Sequence[str]] | None = None
    """Titles of columns by kind's word, where they are known from a table that was open."""


def complete(line: str, known: Known) -> Completion:
    """What could stand where the line ends."""
    colon = line.lstrip().startswith(":")
    text = line.replace(":", " ", 1) if colon else line
    words, _ = split_words(text)
    current = words.pop() if words and words[-1].end == len(text) else None
    start = current.start if current is not None else len(text)
    typed = current.text if current is not None else ""
    before = words[-1].text if words else ""
    if before in _VALUES and not typed.startswith("@"):
        return _VALUES[before](start, typed, known, _kind_of(words))
    if typed.startswith("@"):
        return _clusters(start, typed[1:], known, sign="@")
    if typed.startswith("-"):
        return _made(start, typed, OPTIONS, hint="option", reason="there is no such option")
    if typed.startswith(("/", "!")):
        return Completion(start=start, reason=SafeStr("a regular expression: type it"))
    if not _kind_of(words):
        return _kinds(start, typed, known)
    return Completion(start=start, reason=SafeStr("names are not completed; @ starts clusters, - options"))


def _kind_of(words: Sequence[Word]) -> str:
    """The kind's word, if it is typed already."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.text in _VALUES or word.text in ("-l", "--selector", "--match", "--not-match"):
            skip = True
        elif not word.text.startswith(("@", "-", "/", "!")):
            return word.text
    return ""


def _kinds(start: int, typed: str, known: Known) -> Completion:
    hints = {kind.resource.plural: ", ".join(kind.resource.short_names) for kind in registry.kinds()}
    hints["all"] = "the workloads, as kubectl's category"
    for word in known.kinds:
        hints.setdefault(word, "")
    for kind in registry.kinds():
        if typed and typed.lower() in kind.resource.short_names:
            hints = {kind.resource.plural: typed, **hints}  # what a short name means comes first
            found = [kind.resource.plural, *(w for w in sorted(hints) if w.startswith(typed.lower()))]
            return _listed(start, dict.fromkeys(found), hints)
    found = [word for word in sorted(hints) if word.startswith(typed.lower())]
    reason = f"no kind starts with {typed!r}; of custom kinds, only those of connected clusters are known"
    return _listed(start, found, hints, reason=reason)


def _clusters(start: int, typed: str, known: Known, *, sign: str = "") -> Completion:
    """The last of the names between commas; the ones before it are kept."""
    kept, comma, last = typed.rpartition(",")
    names = {member.name: "cluster" for member in known.members}
    for member in known.members:
        names.update((f"#{tag}", "tag") for tag in member.tags)
        names.update((group, "group") for group in member.groups)
    if not known.members:
        return Completion(start=start, reason=SafeStr("no cluster is in the fleet yet"))
    found = [name for name in names if name.lower().startswith(last.lower())]
    reason = f"no cluster, group or tag starts with {last!r}"
    hints = {f"{sign}{kept}{comma}{quoted(name, extra=',')}": names[name] for name in found}
    return _listed(start, hints, hints, reason=reason)


def _option_clusters(start: int, typed: str, known: Known, kind: str) -> Completion:
    return _clusters(start, typed, known)


def _namespaces(start: int, typed: str, known: Known, kind: str) -> Completion:
    kept, comma, last = typed.rpartition(",")
    found = [f"{kept}{comma}{name}" for name in sorted(set(known.namespaces)) if name.startswith(last)]
    reason = f"no known namespace starts with {last!r}" if known.namespaces else "no namespace is known yet"
    return _listed(start, found, dict.fromkeys(found, "namespace"), reason=reason)


def _columns(start: int, typed: str, known: Known, kind: str) -> Completion:
    entry = registry.builtin(kind) if kind else None
    titles = ["CLUSTER", "NAMESPACE", *(c.name for c in entry.columns), *use_titles(entry)] if entry else []
    titles = titles or list((known.columns or {}).get(kind, ()))
    if not titles:
        reason = f"the columns of {kind} are known once its table was open" if kind else "name a kind first"
        return Completion(start=start, reason=safe_text(reason))
    found = [quoted(title) for title in titles if title.lower().startswith(typed.lower())]
    return _listed(start, found, dict.fromkeys(found, "column"), reason=f"no column starts with {typed!r}")


_VALUES = {
    "-n": _namespaces,
    "--namespace": _namespaces,
    "-c": _option_clusters,
    "--cluster": _option_clusters,
    "--sort": _columns,
}


def _made(start: int, typed: str, words: Iterable[str], *, hint: str, reason: str) -> Completion:
    found = [word for word in words if word.startswith(typed)]
    return _listed(start, found, dict.fromkeys(found, hint), reason=reason)


def _listed(start: int, found: Iterable[str], hints: Mapping[str, str], *, reason: str = "") -> Completion:
    candidates = [Candidate(text=text, hint=safe_text(hints.get(text, ""), limit=64)) for text in found]
    if candidates:
        return Completion(start=start, candidates=tuple(candidates[:LIMIT]))
    return Completion(start=start, reason=safe_text(reason, limit=200))
