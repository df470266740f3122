"""Which screen shows which view; screens are imported when they are first needed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from textual.screen import Screen

from console.session import Gate
from console.views import (
    DetailView,
    DoctorView,
    EventsView,
    FleetView,
    JournalView,
    LogsView,
    LogView,
    MessagesView,
    MetricsView,
    ResourcesView,
    RightsView,
    SearchView,
    SettingsView,
    StorageView,
    SubjectRightsView,
    TopologyView,
    VaultView,
    View,
    WhoCanView,
)

if TYPE_CHECKING:
    from console.application import NavarchApp

_SCREENS: dict[type[View], tuple[str, str]] = {
    FleetView: ("fleet", "FleetScreen"),
    ResourcesView: ("resources", "ResourcesScreen"),
    DetailView: ("detail", "DetailScreen"),
    SearchView: ("search", "SearchScreen"),
    EventsView: ("events", "EventsScreen"),
    MetricsView: ("metrics", "MetricsScreen"),
    RightsView: ("rights", "RightsScreen"),
    SubjectRightsView: ("holders", "SubjectRightsScreen"),
    WhoCanView: ("holders", "WhoCanScreen"),
    TopologyView: ("topology", "TopologyScreen"),
    JournalView: ("journal", "JournalScreen"),
    MessagesView: ("messages", "MessagesScreen"),
    VaultView: ("vault", "VaultScreen"),
    DoctorView: ("doctor", "DoctorScreen"),
    LogView: ("log", "LogScreen"),
    LogsView: ("logs", "LogsScreen"),
    SettingsView: ("settings", "SettingsScreen"),
    StorageView: ("storage", "StorageScreen"),
}
"""Module of ``console.screens`` and class."""


def gate_screen(app: NavarchApp) -> Screen[None]:
    """What stands between the person and their fleet, or the fleet itself."""
    match app.session.gate():
        case Gate.OPEN:
            return screen_of(app.first_view())
        case Gate.LOCKED:
            from console.screens.unlock import UnlockScreen

            return UnlockScreen(app.gate_notice)
    from console.screens.first_start import FirstStartScreen

    return FirstStartScreen()


def has_screen(app: NavarchApp, name: str) -> bool:
    """Whether a screen of this name works now: some need the vault."""
    match name:
        case "journal":
            return app.has_journal
        case "vault":
            return app.locks.can_cover
    return True


def screen_of(view: View) -> Screen[None]:
    """A fresh screen for this view; views without content of their own need not be handed over."""
    module, name = _SCREENS[type(view)]
    if isinstance(view, DetailView) and view.tab == "relations":
        module, name = "relations", "RelationsScreen"
    if isinstance(view, EventsView) and view.ref is not None:
        module, name = "timeline", "TimelineScreen"
    made: Any = getattr(import_module(f"console.screens.{module}"), name)
    plain = isinstance(
        view, JournalView | MessagesView | VaultView | DoctorView | LogView | SettingsView | StorageView
    )
    return cast("Screen[None]", made() if plain else made(view))
