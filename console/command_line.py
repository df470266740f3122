"""What the ``:`` line understands: kinds by the one grammar, screens, and a few words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from backend.fleet.query import QuerySyntaxError, parse_line
from console.actions import ACTIONS
from console.completion import kind_words, words
from console.screens.error import full_sentence
from console.screens.opener import has_screen
from console.theme import Tone
from console.views import SCREENS, EventsView, FleetView, LogsView, SearchView, listing

if TYPE_CHECKING:
    from console.application import NavarchApp


def run_line(app: NavarchApp, line: str) -> None:
    """Do what the line says, or say why not; a kind wins over a screen's name."""
    text = expanded(line.strip().removeprefix(":").strip(), app.settings.values.aliases)
    if not text:
        return
    first, _, rest = text.partition(" ")
    begun = _BEGUN.get(first)
    if begun is not None and (rest.strip() or first in _ALONE):
        begun(app, rest.strip())
        return
    if text in words() and text not in kind_words():
        app.call_later(app.run_action, ACTIONS[words()[text]].call, app.frame)
        return
    if text in SCREENS and text not in kind_words():
        _screen(app, text)
        return
    try:
        query = parse_line(text)
    except QuerySyntaxError as error:
        app.say(full_sentence(error), Tone.ERROR)
        return
    if query.kind == "fleet" and "fleet" not in kind_words():
        app.show(FleetView(query))
    elif query.kind in _EVENTS and not (query.names or query.labels or query.fields):
        app.show(EventsView(query=query))
    else:
        app.show(listing(query))


def expanded(line: str, aliases: Mapping[str, str]) -> str:
    """The line with its first word replaced, if that is an alias; an alias holds no other alias."""
    first, _, rest = line.partition(" ")
    meant = aliases.get(first)
    return line if meant is None else f"{meant.strip().removeprefix(':')} {rest}".strip()


def _act_as(app: NavarchApp, line: str) -> None:
    from console.screens.act_as import act_as_line

    act_as_line(app, line)


def _rights(app: NavarchApp, line: str) -> None:
    from console.screens.asking_rights import show_rights

    show_rights(app, line)


def _who_can(app: NavarchApp, line: str) -> None:
    from console.screens.asking_rights import show_who_can

    show_who_can(app, line)


def _search(app: NavarchApp, line: str) -> None:
    from backend.fleet.search_terms import parse_search

    try:
        app.show(SearchView(parse_search(line)))
    except QuerySyntaxError as error:
        app.say(full_sentence(error), Tone.ERROR)


def _logs(app: NavarchApp, line: str) -> None:
    from backend.observe.logs.selection import parse_logs

    try:
        app.show(LogsView(selection=parse_logs(line)))
    except QuerySyntaxError as error:
        app.say(full_sentence(error), Tone.ERROR)


def _top(app: NavarchApp, line: str) -> None:
    """``:top [LEVEL] [NAME]… [@CLUSTERS] [-n NS] [-l LABELS]``."""
    from console.load_rows import read_top

    try:
        app.show(read_top(line))
    except QuerySyntaxError as error:
        app.say(full_sentence(error), Tone.ERROR)


def _screen(app: NavarchApp, name: str) -> None:
    if name in SCREENS and has_screen(app, name):
        app.show(SCREENS[name])
    else:
        known = ", ".join(screen for screen in SCREENS if has_screen(app, screen))
        app.say(f"There is no screen {name!r}. There are: {known}", Tone.ERROR)


_BEGUN: dict[str, Callable[[NavarchApp, str], None]] = {
    "screen": _screen,
    "search": _search,
    "logs": _logs,
    "as": _act_as,
    "rights": _rights,
    "who-can": _who_can,
    "top": _top,
}
"""What the first word of a line begins, besides kinds; called with the rest."""
_EVENTS = frozenset({"events", "event", "ev"})
"""Shown grouped, problems first; the plain list of the kind is ``:events.v1``."""
_ALONE = frozenset({"screen", "as", "rights", "who-can", "top"})
"""First words that mean themselves when nothing follows; the others are then words of actions."""
