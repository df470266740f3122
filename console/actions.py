"""The one registry of what a person can do: it feeds keys, palette, ``:`` line, help and key line.

A screen or widget takes its bindings from here by scope, and offers an action only while it works: its
``check_action`` says so, and the key line, the palette and the help screen ask the same question.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any


class Scope(StrEnum):
    """Where an action's keys are bound; the value is the heading in help."""

    APP = "Everywhere"
    FRAME = "Every screen"
    TABLE = "Tables"
    RESOURCES = "Lists of objects"
    OBJECT = "One object"
    FLEET = "Fleet"
    TEXT = "Text"
    READING = "Moving in text"
    LIST = "Lists of choices"
    FORM = "Forms"
    STATES = "States of clusters"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    id: str
    """Stable name; keymaps remap by it."""
    keys: str
    """Textual key names or characters, joined by commas; the first is the one shown."""
    call: str
    """The Textual action, found on the widget or screen of the scope."""
    label: str
    tooltip: str
    scope: Scope
    bar: int = 0
    """Place in the key line, from the left; 0: not there."""
    word: str = ""
    """What the ``:`` line calls it; empty: not offered there."""
    palette: bool = True
    priority: bool = False
    """Wins over what the focused widget does with the key."""
    changes: bool = False
    """Changes a cluster: refused by a read-only console."""


_REGISTERED: list[Action] = []


def _add(  # noqa: PLR0917 - the registry reads as a table
    scope: Scope, id: str, keys: str, call: str, label: str, tooltip: str = "", **more: Any
) -> None:
    """Register one action; movements need no tooltip of their own."""
    tip = tooltip or f"Move: {label}"
    _REGISTERED.append(Action(id=id, keys=keys, call=call, label=label, tooltip=tip, scope=scope, **more))


def _app_actions() -> None:
    add = partial(_add, Scope.APP)
    add(
        "palette",
        "ctrl+p",
        "app.palette",
        "palette",
        "Find anything you can do here by a few letters",
        bar=92,
        palette=False,
        priority=True,
    )
    add(
        "lock",
        "ctrl+l",
        "app.lock",
        "lock",
        "Lock the vault now: keys leave memory, connections close",
        word="lock",
        priority=True,
    )
    add("quit", "ctrl+q", "app.leave", "quit", "Leave Navarch", word="quit", priority=True)
    add(
        "suspend",
        "ctrl+z",
        "app.suspend_process",
        "suspend",
        "Put Navarch into the background; fg brings it back",
        palette=False,
    )


def _frame_actions() -> None:
    add = partial(_add, Scope.FRAME)
    add(
        "command",
        ":",
        "screen.command",
        "command",
        "Go anywhere: a kind, clusters, namespaces, labels, a filter",
        bar=90,
        palette=False,
    )
    add(
        "help",
        "?,f1",
        "screen.help",
        "help",
        "The keys that work here, and what they do",
        bar=93,
        word="help",
    )
    add("back", "escape,q", "screen.back", "back", "Clear the filter, or go back to the view before", bar=80)
    add("history.back", "[", "screen.history(-1)", "history back", "The view before this one")
    add("history.forward", "]", "screen.history(1)", "history forward", "The view after this one")
    add("history.last", "-", "screen.last_view", "last view", "Switch between this view and the last one")
    add("fleet", "H", "screen.go('fleet')", "fleet", "Home: one row per cluster")
    add("journal", "J", "screen.go('journal')", "journal", "What was done through Navarch, by whom, to what")
    add("states", "S", "screen.states", "states", "Every cluster's state, its reason and what to do", bar=85)
    add(
        "programs",
        "P",
        "app.programs",
        "programs",
        "Programs that clusters want to run to log in, waiting for your yes",
        bar=83,
        word="programs",
    )
    add("error", "E", "screen.error", "error detail", "What went wrong last, in full", bar=84)
    add("theme", "T", "screen.theme", "theme", "Choose colours, with live preview", word="theme")


def _table_actions() -> None:
    add = partial(_add, Scope.TABLE)
    add("table.up", "up,k", "up", "up", palette=False)
    add("table.down", "down,j", "down", "down", palette=False)
    add("table.top", "home,g", "top", "top", palette=False)
    add("table.bottom", "end,G", "bottom", "bottom", palette=False)
    add("table.page_down", "pagedown,ctrl+f", "page_down", "page down", palette=False)
    add("table.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False)
    add("table.half_down", "ctrl+d", "half_down", "half a page down", palette=False)
    add("table.half_up", "ctrl+u", "half_up", "half a page up", palette=False)
    add("table.columns_left", "left,h", "columns_left", "columns to the left", palette=False)
    add("table.columns_right", "right", "columns_right", "columns to the right", palette=False)
    add("table.open", "enter", "open", "open", "Open what the cursor is on", bar=1)
    add(
        "table.order",
        "O",
        "order",
        "order",
        "Order by a column; the same column again turns the direction",
        bar=40,
    )
    add("table.columns", "C", "columns", "columns", "Choose which columns are shown")
    add("table.wide", "w", "wide", "wide", "Show the wide columns too", bar=42)
    add("table.mark", "space", "mark", "mark", "Mark this row; acts then apply to all marked rows", bar=30)
    add("table.mark_range", "V", "mark_range", "mark range", "Mark from the last marked row to this one")
    add("table.mark_all", "*", "mark_all", "mark all", "Mark all rows shown; again to unmark")


def _fleet_actions() -> None:
    add = partial(_add, Scope.FLEET)
    add(
        "fleet.import",
        "n",
        "screen.import",
        "add clusters",
        "Import clusters from a kubeconfig, after a review",
        bar=20,
        word="import",
    )


def _resources_actions() -> None:
    add = partial(_add, Scope.RESOURCES)
    add("filter", "/", "screen.filter", "filter", "Keep the rows that match a pattern, as you type", bar=91)
    add(
        "problems",
        "z",
        "screen.problems",
        "problems",
        "Only rows that are failing or warning; again for all",
        bar=41,
    )


def _object_actions() -> None:
    add = partial(_add, Scope.OBJECT)
    add(
        "describe",
        "d",
        "screen.detail('describe')",
        "describe",
        "What this object is and how it fares",
        bar=2,
    )
    add("yaml", "y", "screen.detail('yaml')", "yaml", "The whole object; secret values stay masked", bar=3)
    add("events", "v", "screen.detail('events')", "events", "What happened to this object lately", bar=4)
    add(
        "copy",
        "c",
        "screen.copy",
        "copy name",
        "Copy the object's name to your terminal's clipboard (OSC 52)",
        bar=20,
    )
    add(
        "delete",
        "D",
        "screen.delete",
        "delete",
        "Delete, with a preview of what else falls",
        bar=50,
        changes=True,
    )


def _text_actions() -> None:
    add = partial(_add, Scope.TEXT)
    add("text.tab", "tab", "screen.next_tab(1)", "next tab", "Describe, YAML, events: the next one", bar=1)
    add("text.previous_tab", "shift+tab", "screen.next_tab(-1)", "previous tab", "The tab before")
    add("text.find", "/", "screen.find", "find", "Find a pattern in this text", bar=91)
    add("text.next", "n", "screen.match(1)", "next match", "The next match", bar=10)
    add("text.previous", "N", "screen.match(-1)", "previous match", "The match before")
    add("text.wrap", "w", "screen.wrap", "wrap", "Wrap long lines, or cut them", bar=12)
    add(
        "text.managed",
        "m",
        "screen.managed_fields",
        "managedFields",
        "Show or hide who owns which field",
        bar=13,
    )
    add(
        "text.reveal",
        "x",
        "screen.reveal",
        "reveal a value",
        "Show one value of this secret for 30 seconds; the journal notes it",
        bar=5,
    )


def _reading_actions() -> None:
    add = partial(_add, Scope.READING)
    add("reading.up", "up,k", "up", "up", palette=False)
    add("reading.down", "down,j", "down", "down", palette=False)
    add("reading.top", "home,g", "top", "top", palette=False)
    add("reading.bottom", "end,G", "bottom", "bottom", palette=False)
    add("reading.page_down", "pagedown,ctrl+f,space", "page_down", "page down", palette=False)
    add("reading.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False)
    add("reading.half_down", "ctrl+d", "half_down", "half a page down", palette=False)
    add("reading.half_up", "ctrl+u", "half_up", "half a page up", palette=False)
    add("reading.columns_left", "left,h", "columns_left", "to the left", palette=False)
    add("reading.columns_right", "right,l", "columns_right", "to the right", palette=False)


def _list_actions() -> None:
    add = partial(_add, Scope.LIST)
    add("list.up", "up,k", "up", "up", palette=False)
    add("list.down", "down,j", "down", "down", palette=False)
    add("list.top", "home,g", "top", "top", palette=False)
    add("list.bottom", "end,G", "bottom", "bottom", palette=False)
    add("list.page_down", "pagedown,ctrl+f", "page_down", "page down", palette=False)
    add("list.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False)
    add("list.choose", "enter", "choose", "choose", "Take this one", bar=1, palette=False)
    add("list.toggle", "space", "switch", "on/off", "Switch this one on or off", bar=2, palette=False)


def _form_actions() -> None:
    add = partial(_add, Scope.FORM)
    add(
        "form.cancel",
        "escape",
        "screen.cancel",
        "cancel",
        "Leave without doing anything",
        bar=90,
        palette=False,
    )
    add(
        "form.accept",
        "ctrl+s",
        "screen.accept",
        "accept",
        "Do what this form says",
        bar=10,
        palette=False,
        priority=True,
    )
    add("form.next", "tab", "screen.next_field(1)", "next field", "To the next field", bar=20, palette=False)
    add(
        "form.previous",
        "shift+tab",
        "screen.next_field(-1)",
        "field before",
        "To the field before",
        palette=False,
    )


def _states_actions() -> None:
    add = partial(_add, Scope.STATES)
    add(
        "states.again",
        "r",
        "screen.connect_again",
        "connect again",
        "Read credentials again and connect anew to every cluster",
        bar=30,
        palette=False,
    )
    add(
        "states.programs",
        "P",
        "screen.programs",
        "programs",
        "Programs that clusters want to run to log in, waiting for your yes",
        bar=31,
        palette=False,
    )


for _register in (
    _app_actions,
    _frame_actions,
    _table_actions,
    _fleet_actions,
    _resources_actions,
    _object_actions,
    _text_actions,
    _reading_actions,
    _list_actions,
    _form_actions,
    _states_actions,
):
    _register()

ACTIONS: dict[str, Action] = {action.id: action for action in _REGISTERED}
"""Every action by its id."""


def in_scope(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of these scopes, in the registry's order."""
    return tuple(action for action in ACTIONS.values() if action.scope in scopes)
