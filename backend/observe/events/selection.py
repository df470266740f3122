"""Which events are meant: about what, of which type and reason, since when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from backend.fleet.query import Query
from backend.observe.events.asking import CORE
from backend.observe.events.seen import Seen
from backend.resources import registry

_GLOB = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Empty fields mean: any. Names, reasons and types are globs (reasons and types in any case)."""

    clusters: tuple[str, ...] = ()
    """As in a query: names, globs, ``#tag``, groups."""
    namespaces: tuple[str, ...] = ()
    """Of the object, or of the event where its object has none."""
    kind: str = ""
    """Any word for it: ``pod``, ``pods``, ``po``."""
    names: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    since: float = 0.0
    """Seconds: last seen within so long; 0: ever."""
    grouped: bool = True
    """One row for all events of one reason about one object; else a row for each event."""

    def query(self, api: str = CORE) -> Query:
        """What is asked of clusters: what servers can select is left to them. ``api``: see ``asking``."""
        about, object = self.kinds(), "involvedObject" if api == CORE else "regarding"
        fields = []
        if about and len({kind for kind, _ in about}) == 1:
            fields.append(f"{object}.kind={about[0][0]}")
        if len(self.names) == 1 and not set(self.names[0]) & _GLOB:
            fields.append(f"{object}.name={self.names[0]}")
        namespaces = self.namespaces if not about or all(namespaced for _, namespaced in about) else ()
        return Query(kind=api, clusters=self.clusters, namespaces=namespaces, fields=",".join(fields))

    def kinds(self) -> list[tuple[str, bool]]:
        """(kind, whether it lives in namespaces) that the word means; none: it is not one of ours."""
        known = registry.builtin(self.kind) if self.kind else None
        return [(known.resource.kind, known.resource.namespaced)] if known is not None else []

    def chooser(self) -> Chooser:
        return Chooser(self)


class Chooser:
    """A selection made ready to be asked of many events."""

    def __init__(self, selection: Selection) -> None:
        self._names = selection.names
        self._namespaces = frozenset(selection.namespaces)
        self._reasons = tuple(reason.casefold() for reason in selection.reasons)
        self._types = tuple(type.casefold() for type in selection.types)
        known = selection.kinds()
        self._kind = known[0][0].casefold() if known else selection.kind.partition(".")[0].casefold()
        self._anywhere = bool(known) and not known[0][1]
        self.idle = not (self._names or self._namespaces or self._reasons or self._types or self._kind)

    def wants(self, event: Seen) -> bool:
        """Whether it is one of those that are meant, whenever it was."""
        return self.idle or (
            _any(event.name, self._names)
            and (
                not self._namespaces or self._anywhere or (event.namespace or event.where) in self._namespaces
            )
            and (not self._kind or event.kind.casefold() in (self._kind, self._kind.removesuffix("s")))
            and _any(event.reason.casefold(), self._reasons)
            and _any(event.type.casefold(), self._types)
        )


def _any(text: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(text == pattern or fnmatchcase(text, pattern) for pattern in patterns)
