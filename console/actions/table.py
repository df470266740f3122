"""Moving, marking and laying out a table."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.TABLE)

ACTIONS = (
    action("table.up", "up,k", "up", "up", palette=False),
    action("table.down", "down,j", "down", "down", palette=False),
    action("table.top", "home,g", "top", "top", palette=False),
    action("table.bottom", "end,G", "bottom", "bottom", palette=False),
    action("table.page_down", "pagedown,ctrl+f", "page_down", "page down", palette=False),
    action("table.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False),
    action("table.half_down", "ctrl+d", "half_down", "half a page down", palette=False),
    action("table.half_up", "ctrl+u", "half_up", "half a page up", palette=False),
    action("table.columns_left", "left,h", "columns_left", "columns to the left", palette=False),
    action("table.columns_right", "right", "columns_right", "columns to the right", palette=False),
    action("table.open", "enter", "open", "open", "Open what the cursor is on", bar=1),
    action(
        "table.order",
        "O",
        "order",
        "order",
        "Order by a column; the same column again turns the direction",
        bar=40,
    ),
    action("table.columns", "C", "columns", "columns", "Choose which columns are shown"),
    action("table.wide", "w", "wide", "wide", "Show the wide columns too", bar=42),
    action(
        "table.mark", "space", "mark", "mark", "Mark this row; acts then apply to all marked rows", bar=30
    ),
    action("table.mark_range", "V", "mark_range", "mark range", "Mark from the last marked row to this one"),
    action("table.mark_all", "*", "mark_all", "mark all", "Mark all rows shown; again to unmark"),
)
