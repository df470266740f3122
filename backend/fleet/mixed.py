"""The columns of a table whose rows are of many kinds, such as of the category ``all``.

One table for all of them, with what every kind can say: an operator who asks for everything looks for what is
not well, and columns of ten kinds side by side would be mostly blank.
"""

from __future__ import annotations

from backend.fleet.row import CLUSTER, NAMESPACE, Row, TableColumn
from backend.resources.kind import Health, age_column
from backend.text import SafeStr, safe_text

_ORDER = list(Health)
_AGE = age_column()


def _kind(row: Row, now: float) -> SafeStr:
    return safe_text(row.kind.resource.singular or row.kind.resource.kind.lower(), limit=64)


def _name(row: Row, now: float) -> SafeStr:
    return row.name


def _ready(row: Row, now: float) -> SafeStr:
    ready = row.kind.column("READY")
    return safe_text(ready.text(row.item, now)) if ready is not None else SafeStr("")


def _health(row: Row, now: float) -> SafeStr:
    return SafeStr(row.health.value)


def _why(row: Row, now: float) -> SafeStr:
    return row.why


def _age(row: Row, now: float) -> SafeStr:
    return safe_text(_AGE.text(row.item, now + row.skew))


COLUMNS: tuple[TableColumn, ...] = (
    CLUSTER,
    NAMESPACE,
    TableColumn(name="KIND", text=_kind, key=lambda row: _kind(row, 0.0), priority=0),
    TableColumn(name="NAME", text=_name, key=lambda row: row.item.metadata.name, priority=0, min_width=12),
    TableColumn(name="READY", text=_ready, key=lambda row: _ready(row, 0.0), align="right", priority=2),
    # The first to go where room is short: the sign before each row says the same.
    TableColumn(
        name="HEALTH", text=_health, key=lambda row: _ORDER.index(row.health), priority=3, min_width=11
    ),
    TableColumn(name="WHY", text=_why, key=lambda row: row.why, priority=0, min_width=20),
    TableColumn(
        name="AGE",
        text=_age,
        key=lambda row: _AGE.key(row.item),
        align="right",
        priority=2,
        min_width=7,
        timed=True,
    ),
)
