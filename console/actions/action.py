"""What an action is: an id, keys, what to call, and how it is told to a person."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum


class Scope(StrEnum):
    """Where an action's keys are bound; the value is the heading in help."""

    APP = "Everywhere"
    FRAME = "Every screen"
    TABLE = "Tables"
    RESOURCES = "Lists of objects"
    EVENTS = "Events"
    OBJECT = "One object"
    FLEET = "Fleet"
    TEXT = "Text"
    LOGS = "Logs"
    READING = "Moving in text"
    LIST = "Lists of choices"
    FORM = "Forms"
    STATES = "States of clusters"
    METRICS = "Metrics"
    VAULT = "Vault"
    TREE = "Topology"
    FALLS = "Before something goes"
    RIGHTS = "Rights"
    SEARCH = "Search"
    OWN = "Your own programs"
    OUTPUT = "Output of a program"
    SETTINGS = "Settings"
    STORAGE = "Storage"
    PROMPT = "Typing a line"
    PALETTE = "Finding an action"
    PATH = "Typing a path"
    HELP = "Help"
    FAVOURITES = "Favourite filters"


@dataclass(frozen=True, slots=True)
class Action:
    id: str
    """Stable name; keymaps remap by it."""
    keys: str
    """Textual key names or characters, joined by commas; the first is the one shown. Empty: none."""
    call: str
    """The Textual action, found on the widget or screen of the scope."""
    label: str
    tooltip: str = ""
    """What it does, in a sentence; movements need none: the label says it."""
    _: KW_ONLY
    scope: Scope
    bar: int = 0
    """Place in the key line, from the left; 0: not there."""
    word: str = ""
    """What the ``:`` line calls it; empty: not offered there."""
    palette: bool = True
    priority: bool = False
    """Wins over what the focused widget does with the key."""
    changes: bool = False
    """Changes a cluster or a storage engine: refused by a read-only console."""

    @property
    def told(self) -> str:
        """The tooltip, or what a movement says of itself."""
        return self.tooltip or f"Move: {self.label}"
