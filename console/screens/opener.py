"""Which screen shows which view; screens are imported when they are first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen

from console.session import Gate
from console.views import DetailView, FleetView, JournalView, MessagesView, ResourcesView, SearchView, View

if TYPE_CHECKING:
    from console.application import NavarchApp


def gate_screen(app: NavarchApp) -> Screen[None]:
    """What stands between the person and their fleet, or the fleet itself."""
    match app.session.gate():
        case Gate.OPEN:
            app.history.visit(FleetView())
            return screen_of(FleetView())
        case Gate.LOCKED:
            from console.screens.unlock import UnlockScreen

            return UnlockScreen(app.gate_notice)
    from console.screens.first_start import FirstStartScreen

    return FirstStartScreen()


def screen_of(view: View) -> Screen[None]:
    """A fresh screen for this view."""
    match view:
        case FleetView():
            from console.screens.fleet import FleetScreen

            return FleetScreen()
        case ResourcesView():
            from console.screens.resources import ResourcesScreen

            return ResourcesScreen(view)
        case DetailView():
            from console.screens.detail import DetailScreen

            return DetailScreen(view)
        case SearchView():
            from console.screens.search import SearchScreen

            return SearchScreen(view)
        case MessagesView():
            from console.screens.messages import MessagesScreen

            return MessagesScreen()
        case JournalView():
            from console.screens.journal import JournalScreen

            return JournalScreen()
