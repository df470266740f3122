"""The shape of an entry: what lists, tables, filters and colours need to know about a kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from operator import attrgetter
from typing import Any, Literal, NamedTuple

from backend.kube.objects import ApiResource, Item
from backend.resources.duration import age

Align = Literal["left", "right"]


class Health(Enum):
    """How an object fares; ``problem`` is what the problems-only view keeps."""

    FAILING = "failing"
    WARNING = "warning"
    PROGRESSING = "progressing"
    UNKNOWN = "unknown"
    OK = "ok"
    DONE = "done"

    @property
    def problem(self) -> bool:
        return self is Health.FAILING or self is Health.WARNING


class Verdict(NamedTuple):
    """An object's health and the reason, in the cluster's own (unsafe) words; empty when all is well."""

    health: Health
    why: str = ""


OK = Verdict(Health.OK)
BEING_DELETED = Verdict(Health.PROGRESSING, "being deleted")
NO_CELL: tuple[int, float, str] = (0, 0.0, "")
"""The sort key of a generic cell that is missing: before all others."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind, with kubectl's title and meaning.

    ``text`` gives what is shown, of an item and the cluster's present time (seconds since the epoch). It is
    the cluster's text: it passes ``safe_text`` before it reaches a terminal. ``key`` gives what sorting
    compares.
    """

    name: str
    text: Callable[[Any, float], str]
    key: Callable[[Any], Any]
    align: Align = field(default="left", kw_only=True)
    wide: bool = field(default=False, kw_only=True)
    """Shown only when asked for (``-o wide``, key ``w``)."""
    priority: int = field(default=1, kw_only=True)
    """Which columns a narrow screen drops first: the highest number. 0 is never dropped."""
    min_width: int = field(default=4, kw_only=True)
    timed: bool = field(default=False, kw_only=True)
    """The text changes as time passes; filters don't look at it."""
    generic: bool = field(default=False, kw_only=True)
    """Printed by the server; another cluster's column of this title may hold values of another type, so
    ``key`` gives (rank of the type, number, text)."""


def always_well(item: Any) -> Verdict:
    """The verdict on kinds that are mere data: nothing about them can be unwell."""
    return OK


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Everything lists need to know about one kind of object."""

    resource: ApiResource
    columns: tuple[Column, ...]
    assess: Callable[[Any], Verdict] = always_well
    wire: type[Any] | None = None
    """msgspec Struct that a list's items are decoded into; None: the server prints the table."""
    project: Callable[[Any], Item] | None = None
    """Makes the row's item of a decoded ``wire``, when only a summary of it is worth keeping."""
    sensitive: bool = False
    """Its values are masked wherever whole objects are shown."""
    custom: bool = False
    """Served only where its CRD is installed, so what its words mean is asked of each cluster."""
    composed: bool = False
    """No server serves it: its objects are made of other kinds' objects (``backend.integrations``)."""

    def health(self, item: Item) -> Health:
        return self.assess(item).health

    def why(self, item: Item) -> str:
        return self.assess(item).why

    def column(self, name: str) -> Column | None:
        """The column with this title (any case), or None."""
        wanted = name.casefold()
        return next((column for column in self.columns if column.name.casefold() == wanted), None)


def api_resource(
    api_version: str, kind: str, plural: str, *short_names: str, namespaced: bool = True
) -> ApiResource:
    """How servers call a kind: ``api_resource("apps/v1", "Deployment", "deployments", "deploy")``."""
    group, _, version = api_version.rpartition("/")
    return ApiResource(
        group=group,
        version=version,
        plural=plural,
        singular=kind.lower(),
        kind=kind,
        namespaced=namespaced,
        short_names=short_names,
    )


def text_column(
    name: str,
    attribute: str,
    *,
    none: str = "",
    wide: bool = False,
    priority: int = 1,
    min_width: int = 4,
) -> Column:
    """A column that shows a dotted attribute as it is, ``none`` when it is empty."""
    get = attrgetter(attribute)

    def text(item: Any, now: float) -> str:
        return get(item) or none

    def key(item: Any) -> str:
        return get(item) or ""

    return Column(name, text, key, wide=wide, priority=priority, min_width=min_width)


def computed_column(
    name: str,
    compute: Callable[[Any], str],
    *,
    key: Callable[[Any], Any] | None = None,
    align: Align = "left",
    wide: bool = False,
    priority: int = 1,
) -> Column:
    """A column whose text is worked out from the item alone; sorted by its text unless ``key`` is given."""

    def text(item: Any, now: float) -> str:
        return compute(item)

    return Column(name, text, key or compute, align=align, wide=wide, priority=priority)


def number_column(name: str, get: Callable[[Any], int], *, wide: bool = False, priority: int = 1) -> Column:
    """A right-aligned whole number."""

    def text(item: Any, now: float) -> str:
        return str(get(item))

    return Column(name, text, get, align="right", wide=wide, priority=priority)


def name_column(*, wide: bool = False) -> Column:
    return text_column("NAME", "metadata.name", priority=0, min_width=12, wide=wide)


def _age_text(item: Any, now: float) -> str:
    return age(item.metadata.creation_timestamp, now)


_BACKWARDS = bytes.maketrans(b"0123456789", b"9876543210")


def _age_key(item: Any) -> bytes:
    """The youngest first, the undated last. Servers write all times alike (RFC 3339, UTC, whole seconds), so
    their texts stand in the order of the times; reading 100,000 of them would take a sort's time again.
    Bytes are turned round four times faster than text."""
    return (item.metadata.creation_timestamp or "").encode("utf-8", "replace").translate(_BACKWARDS) or b"~"


def age_column() -> Column:
    """AGE as kubectl writes it; sorts the youngest first."""
    return Column("AGE", _age_text, _age_key, align="right", priority=2, timed=True)


def created_at_column() -> Column:
    """CREATED AT, which servers print for kinds they have no columns for."""
    return text_column("CREATED AT", "metadata.creation_timestamp", priority=2, min_width=20)


def flag_column(name: str, get: Callable[[Any], bool], *, priority: int = 1) -> Column:
    """A yes or no, as kubectl prints a boolean."""
    return computed_column(name, lambda item: "true" if get(item) else "false", priority=priority)
