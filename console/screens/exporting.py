"""From a list on the screen to the files that can be made of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from backend.fleet.export import Provenance, csv_text, json_text
from backend.fleet.row import TableColumn
from backend.text import safe_text, shown_of
from console.picture import svg
from console.screens.export import ExportScreen
from console.states import worst_first
from console.widgets.paint import Line

if TYPE_CHECKING:
    from console.screens.resources import ResourcesScreen


def start_export(screen: ResourcesScreen) -> None:
    """Ask where to; the rows are those of the moment of the answer."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(screen.navarch.now()))
    name = f"~/{screen.kind_name.partition('.')[0]}-{moment}.csv"
    shown, total = len(screen.rows), len(screen.rows.rows)
    what = f"{shown_of(shown, total, 'row')} of {screen.kind_name}"
    makers = {
        ".csv": lambda: csv_text(
            screen.rows.all(), _columns(screen), now=screen.navarch.now(), provenance=provenance(screen)
        ),
        ".json": lambda: json_text(
            screen.rows.all(), _columns(screen), now=screen.navarch.now(), provenance=provenance(screen)
        ),
        ".svg": lambda: _picture(screen),
    }
    screen.app.push_screen(ExportScreen(name, makers, what=what))


def provenance(screen: ResourcesScreen) -> Provenance:
    """What the rows are: the query with the filter and order in force, and each cluster's state."""
    screen.leave_mark()
    names = {member.id: member.name for member in screen.navarch.members}
    only = " (problems only)" if screen.rows.problems_only else ""
    return Provenance(
        query=f"{screen.asked.query}{only}",
        when=screen.navarch.now(),
        shown=len(screen.rows),
        total=len(screen.rows.rows),
        states=worst_first(screen.statuses, names),
    )


def _columns(screen: ResourcesScreen) -> list[TableColumn]:
    wanted = {column.name for column in screen.table.columns}
    return [column for column in screen.rows.columns if column.name in wanted]


def _picture(screen: ResourcesScreen) -> str:
    """The table as it stands on the screen: a picture of every row would be no picture."""
    lines: list[Line] = [*screen.subject.lines, *screen.table.lines]
    told = provenance(screen)
    return svg(lines, screen.navarch.palette, title=safe_text(told.query), notes=told.lines())
