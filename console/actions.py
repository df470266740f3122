"""The one registry of what a person can do: it feeds keys, palette, ``:`` line, help and key line.

A screen or widget takes its bindings from here by scope, and offers an action only while it works: its
``check_action`` says so, and the key line, the palette and the help screen ask the same question.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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


def _app() -> tuple[Action, ...]:
    return (
        Action(
            id="palette",
            keys="ctrl+p",
            call="app.palette",
            label="palette",
            bar=92,
            scope=Scope.APP,
            tooltip="Find anything you can do here by a few letters",
            priority=True,
            palette=False,
        ),
        Action(
            id="lock",
            keys="ctrl+l",
            call="app.lock",
            label="lock",
            scope=Scope.APP,
            word="lock",
            tooltip="Lock the vault now: keys leave memory, connections close",
            priority=True,
        ),
        Action(
            id="quit",
            keys="ctrl+q",
            call="app.leave",
            label="quit",
            scope=Scope.APP,
            word="quit",
            tooltip="Leave Navarch",
            priority=True,
        ),
        Action(
            id="suspend",
            keys="ctrl+z",
            call="app.suspend_process",
            label="suspend",
            scope=Scope.APP,
            tooltip="Put Navarch into the background; fg brings it back",
            palette=False,
        ),
    )


def _frame() -> tuple[Action, ...]:
    return (
        Action(
            id="command",
            keys=":",
            call="screen.command",
            label="command",
            bar=90,
            scope=Scope.FRAME,
            tooltip="Go anywhere: a kind, clusters, namespaces, labels, a filter",
            palette=False,
        ),
        Action(
            id="help",
            keys="?,f1",
            call="screen.help",
            label="help",
            bar=93,
            scope=Scope.FRAME,
            word="help",
            tooltip="The keys that work here, and what they do",
        ),
        Action(
            id="back",
            keys="escape,q",
            call="screen.back",
            label="back",
            bar=80,
            scope=Scope.FRAME,
            tooltip="Clear the filter, or go back to the view before",
        ),
        Action(
            id="history.back",
            keys="[",
            call="screen.history(-1)",
            label="history back",
            scope=Scope.FRAME,
            tooltip="The view before this one",
        ),
        Action(
            id="history.forward",
            keys="]",
            call="screen.history(1)",
            label="history forward",
            scope=Scope.FRAME,
            tooltip="The view after this one",
        ),
        Action(
            id="history.last",
            keys="-",
            call="screen.last_view",
            label="last view",
            scope=Scope.FRAME,
            tooltip="Switch between this view and the last one",
        ),
        Action(
            id="fleet",
            keys="H",
            call="screen.go('fleet')",
            label="fleet",
            scope=Scope.FRAME,
            tooltip="Home: one row per cluster",
        ),
        Action(
            id="journal",
            keys="J",
            call="screen.go('journal')",
            label="journal",
            scope=Scope.FRAME,
            tooltip="What was done through Navarch, by whom, to what",
        ),
        Action(
            id="states",
            keys="S",
            call="screen.states",
            label="states",
            bar=85,
            scope=Scope.FRAME,
            tooltip="Every cluster's state, its reason and what to do",
        ),
        Action(
            id="theme",
            keys="T",
            call="screen.theme",
            label="theme",
            scope=Scope.FRAME,
            word="theme",
            tooltip="Choose colours, with live preview",
        ),
    )


def _table() -> tuple[Action, ...]:
    def move(name: str, keys: str, label: str) -> Action:
        return Action(
            id=f"table.{name}",
            keys=keys,
            call=name,
            label=label,
            tooltip=f"Move: {label}",
            scope=Scope.TABLE,
            palette=False,
        )

    return (
        move("up", "up,k", "up"),
        move("down", "down,j", "down"),
        move("top", "home,g", "top"),
        move("bottom", "end,G", "bottom"),
        move("page_down", "pagedown,ctrl+f", "page down"),
        move("page_up", "pageup,ctrl+b", "page up"),
        move("half_down", "ctrl+d", "half a page down"),
        move("half_up", "ctrl+u", "half a page up"),
        move("columns_left", "left,h", "columns to the left"),
        move("columns_right", "right", "columns to the right"),
        Action(
            id="table.open",
            keys="enter",
            call="open",
            label="open",
            bar=1,
            scope=Scope.TABLE,
            tooltip="Open what the cursor is on",
        ),
        Action(
            id="table.order",
            keys="O",
            call="order",
            label="order",
            bar=40,
            scope=Scope.TABLE,
            tooltip="Order by a column; the same column again turns the direction",
        ),
        Action(
            id="table.columns",
            keys="C",
            call="columns",
            label="columns",
            scope=Scope.TABLE,
            tooltip="Choose which columns are shown",
        ),
        Action(
            id="table.wide",
            keys="w",
            call="wide",
            label="wide",
            bar=42,
            scope=Scope.TABLE,
            tooltip="Show the wide columns too",
        ),
        Action(
            id="table.mark",
            keys="space",
            call="mark",
            label="mark",
            bar=30,
            scope=Scope.TABLE,
            tooltip="Mark this row; acts then apply to all marked rows",
        ),
        Action(
            id="table.mark_range",
            keys="V",
            call="mark_range",
            label="mark range",
            scope=Scope.TABLE,
            tooltip="Mark from the last marked row to this one",
        ),
        Action(
            id="table.mark_all",
            keys="*",
            call="mark_all",
            label="mark all",
            scope=Scope.TABLE,
            tooltip="Mark all rows shown; again to unmark",
        ),
    )


def _fleet() -> tuple[Action, ...]:
    return (
        Action(
            id="fleet.import",
            keys="n",
            call="screen.import",
            label="add clusters",
            bar=20,
            scope=Scope.FLEET,
            word="import",
            tooltip="Import clusters from a kubeconfig, after a review",
        ),
    )


def _resources() -> tuple[Action, ...]:
    return (
        Action(
            id="filter",
            keys="/",
            call="screen.filter",
            label="filter",
            bar=91,
            scope=Scope.RESOURCES,
            tooltip="Keep the rows that match a pattern, as you type",
        ),
        Action(
            id="problems",
            keys="z",
            call="screen.problems",
            label="problems",
            bar=41,
            scope=Scope.RESOURCES,
            tooltip="Only rows that are failing or warning; again for all",
        ),
    )


def _object() -> tuple[Action, ...]:
    return (
        Action(
            id="describe",
            keys="d",
            call="screen.detail('describe')",
            label="describe",
            bar=2,
            scope=Scope.OBJECT,
            tooltip="What this object is and how it fares",
        ),
        Action(
            id="yaml",
            keys="y",
            call="screen.detail('yaml')",
            label="yaml",
            bar=3,
            scope=Scope.OBJECT,
            tooltip="The whole object; secret values stay masked",
        ),
        Action(
            id="events",
            keys="v",
            call="screen.detail('events')",
            label="events",
            bar=4,
            scope=Scope.OBJECT,
            tooltip="What happened to this object lately",
        ),
        Action(
            id="copy",
            keys="c",
            call="screen.copy",
            label="copy name",
            bar=20,
            scope=Scope.OBJECT,
            tooltip="Copy the object's name to your terminal's clipboard (OSC 52)",
        ),
        Action(
            id="delete",
            keys="D",
            call="screen.delete",
            label="delete",
            bar=50,
            scope=Scope.OBJECT,
            tooltip="Delete, with a preview of what else falls",
            changes=True,
        ),
    )


def _text() -> tuple[Action, ...]:
    return (
        Action(
            id="text.tab",
            keys="tab",
            call="screen.next_tab(1)",
            label="next tab",
            bar=1,
            scope=Scope.TEXT,
            tooltip="Describe, YAML, events: the next one",
        ),
        Action(
            id="text.previous_tab",
            keys="shift+tab",
            call="screen.next_tab(-1)",
            label="previous tab",
            scope=Scope.TEXT,
            tooltip="The tab before",
        ),
        Action(
            id="text.find",
            keys="/",
            call="screen.find",
            label="find",
            bar=91,
            scope=Scope.TEXT,
            tooltip="Find a pattern in this text",
        ),
        Action(
            id="text.next",
            keys="n",
            call="screen.match(1)",
            label="next match",
            bar=10,
            scope=Scope.TEXT,
            tooltip="The next match",
        ),
        Action(
            id="text.previous",
            keys="N",
            call="screen.match(-1)",
            label="previous match",
            scope=Scope.TEXT,
            tooltip="The match before",
        ),
        Action(
            id="text.wrap",
            keys="w",
            call="screen.wrap",
            label="wrap",
            bar=12,
            scope=Scope.TEXT,
            tooltip="Wrap long lines, or cut them",
        ),
        Action(
            id="text.managed",
            keys="m",
            call="screen.managed_fields",
            label="managedFields",
            bar=13,
            scope=Scope.TEXT,
            tooltip="Show or hide who owns which field",
        ),
        Action(
            id="text.reveal",
            keys="x",
            call="screen.reveal",
            label="reveal a value",
            bar=5,
            scope=Scope.TEXT,
            tooltip="Show one value of this secret for 30 seconds; the journal notes it",
        ),
    )


def _reading() -> tuple[Action, ...]:
    return tuple(
        Action(
            id=f"reading.{name}",
            keys=keys,
            call=name,
            label=label,
            tooltip=f"Move: {label}",
            scope=Scope.READING,
            palette=False,
        )
        for name, keys, label in (
            ("up", "up,k", "up"),
            ("down", "down,j", "down"),
            ("top", "home,g", "top"),
            ("bottom", "end,G", "bottom"),
            ("page_down", "pagedown,ctrl+f,space", "page down"),
            ("page_up", "pageup,ctrl+b", "page up"),
            ("half_down", "ctrl+d", "half a page down"),
            ("half_up", "ctrl+u", "half a page up"),
            ("columns_left", "left,h", "to the left"),
            ("columns_right", "right,l", "to the right"),
        )
    )


def _list() -> tuple[Action, ...]:
    def move(name: str, keys: str, label: str) -> Action:
        return Action(
            id=f"list.{name}",
            keys=keys,
            call=name,
            label=label,
            tooltip=f"Move: {label}",
            scope=Scope.LIST,
            palette=False,
        )

    return (
        move("up", "up,k", "up"),
        move("down", "down,j", "down"),
        move("top", "home,g", "top"),
        move("bottom", "end,G", "bottom"),
        move("page_down", "pagedown,ctrl+f", "page down"),
        move("page_up", "pageup,ctrl+b", "page up"),
        Action(
            id="list.choose",
            keys="enter",
            call="choose",
            label="choose",
            bar=1,
            scope=Scope.LIST,
            tooltip="Take this one",
            palette=False,
        ),
        Action(
            id="list.toggle",
            keys="space",
            call="switch",
            label="on/off",
            bar=2,
            scope=Scope.LIST,
            tooltip="Switch this one on or off",
            palette=False,
        ),
    )


def _form() -> tuple[Action, ...]:
    return (
        Action(
            id="form.cancel",
            keys="escape",
            call="screen.cancel",
            label="cancel",
            bar=90,
            scope=Scope.FORM,
            tooltip="Leave without doing anything",
            palette=False,
        ),
        Action(
            id="form.accept",
            keys="ctrl+s",
            call="screen.accept",
            label="accept",
            bar=10,
            scope=Scope.FORM,
            tooltip="Do what this form says",
            palette=False,
            priority=True,
        ),
        Action(
            id="form.next",
            keys="tab",
            call="app.focus_next",
            label="next field",
            bar=20,
            scope=Scope.FORM,
            tooltip="To the next field",
            palette=False,
        ),
        Action(
            id="form.previous",
            keys="shift+tab",
            call="app.focus_previous",
            label="field before",
            scope=Scope.FORM,
            tooltip="To the field before",
            palette=False,
        ),
    )


ACTIONS: dict[str, Action] = {
    action.id: action
    for group in (
        _app(),
        _frame(),
        _table(),
        _fleet(),
        _resources(),
        _object(),
        _text(),
        _reading(),
        _list(),
        _form(),
    )
    for action in group
}
"""Every action by its id."""


def in_scope(*scopes: Scope) -> tuple[Action, ...]:
    """The actions of these scopes, in the registry's order."""
    return tuple(action for action in ACTIONS.values() if action.scope in scopes)
