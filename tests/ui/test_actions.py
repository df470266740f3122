"""The registry: ids, keys and scopes fit together, and nothing promises what does not exist."""

from __future__ import annotations

from itertools import combinations

import pytest
from textual.binding import Binding

from console.actions import ACTIONS, SCOPES, Scope, in_scope
from console.actions.together import TOGETHER
from console.application import NavarchApp
from console.keymap import bindings, shown
from console.screens.acting import ActScreen
from console.screens.ask_path import AskPathScreen
from console.screens.detail import DetailScreen
from console.screens.dialog import DialogScreen
from console.screens.events import EventsScreen
from console.screens.fleet import FleetScreen
from console.screens.frame import FrameScreen
from console.screens.help import HelpScreen
from console.screens.logs import LogsScreen
from console.screens.metrics import MetricsScreen
from console.screens.output import OutputScreen
from console.screens.palette import PaletteScreen
from console.screens.relations import RelationsScreen
from console.screens.resources import ResourcesScreen
from console.screens.rights_table import RightsTableScreen
from console.screens.search import SearchScreen
from console.screens.settings import SettingsScreen
from console.screens.states import StatesScreen
from console.screens.storage import StorageScreen
from console.screens.table_frame import TableScreen
from console.screens.topology import TopologyScreen
from console.screens.vault import VaultScreen
from console.widgets.choices import ChoiceList
from console.widgets.diagram import Diagram
from console.widgets.fold_tree import FoldTree
from console.widgets.log_pane import LogPane
from console.widgets.prompt import PromptLine
from console.widgets.table import ResourceTable
from console.widgets.text_pane import TextPane


class TopologyTree(FoldTree, TopologyScreen):
    """Keys of the topology are the tree's, or its screen's."""


class TopologyDrawing(Diagram, TopologyScreen):
    """And the drawing's; there is nothing to fold in it."""

    def action_switch(self) -> None: ...
    def action_unfold_all(self) -> None: ...
    def action_fold_all(self) -> None: ...


HOLDERS = {
    Scope.APP: [NavarchApp],
    Scope.FRAME: [FrameScreen],
    Scope.TABLE: [ResourceTable],
    Scope.FAVOURITES: [TableScreen],
    Scope.FLEET: [FleetScreen],
    Scope.RESOURCES: [ResourcesScreen],
    Scope.OBJECT: [ResourcesScreen, DetailScreen, RelationsScreen],
    Scope.TEXT: [DetailScreen],
    Scope.READING: [TextPane, LogPane],
    Scope.LOGS: [LogsScreen],
    Scope.LIST: [ChoiceList],
    Scope.FORM: [DialogScreen],
    Scope.STATES: [StatesScreen],
    Scope.SEARCH: [SearchScreen],
    Scope.EVENTS: [EventsScreen],
    Scope.HELP: [HelpScreen],
    Scope.PROMPT: [PromptLine],
    Scope.PALETTE: [PaletteScreen],
    Scope.PATH: [AskPathScreen],
    Scope.METRICS: [MetricsScreen],
    Scope.RIGHTS: [RightsTableScreen],
    Scope.SETTINGS: [SettingsScreen],
    Scope.STORAGE: [StorageScreen],
    Scope.OWN: [ResourcesScreen, DetailScreen],
    Scope.OUTPUT: [OutputScreen],
    Scope.VAULT: [VaultScreen],
    Scope.TREE: [TopologyTree, TopologyDrawing],
    Scope.FALLS: [ActScreen],
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.id)
def test_every_action_is_there_where_it_is_bound(action: object) -> None:
    call = action.call.partition("(")[0].rpartition(".")[2]  # type: ignore[attr-defined]
    for holder in HOLDERS[action.scope]:  # type: ignore[attr-defined]
        target = NavarchApp if action.call.startswith("app.") else holder  # type: ignore[attr-defined]
        assert hasattr(target, f"action_{call}"), f"{target.__name__} has no action_{call}"


@pytest.mark.parametrize("scopes", TOGETHER, ids=lambda scopes: "+".join(sorted(scopes)))
def test_one_meaning_per_key_on_a_screen(scopes: frozenset[Scope]) -> None:
    keys = [(key.strip(), action) for action in in_scope(*scopes) for key in action.keys.split(",") if key]
    for (key, one), (other_key, other) in combinations(keys, 2):
        assert key != other_key or one is other, f"{key} means {one.id} and {other.id}"


def test_no_two_actions_share_an_id() -> None:
    ids = [action.id for scope in SCOPES for action in scope.ACTIONS]
    assert len(ids) == len(set(ids)) == len(ACTIONS)


def test_every_binding_has_id_description_and_tooltip() -> None:
    for binding in bindings(*Scope):
        assert isinstance(binding, Binding)
        assert binding.id in ACTIONS
        assert binding.description
        assert binding.tooltip


def test_what_changes_a_cluster_says_so_and_every_act_can_be_chosen() -> None:
    """Adding an act is adding a file, its line in the registry, and its command."""
    from backend.fleet.acts import acts
    from console.cli.commands import COMMANDS

    changing = {action.id for action in ACTIONS.values() if action.changes}
    storage = {action.id for action in ACTIONS.values() if action.scope is Scope.STORAGE}
    assert changing - storage == {f"act.{id}" for id in acts()}
    assert set(acts()) <= set(COMMANDS)


def test_every_line_of_the_menu_of_actions_has_a_letter_of_its_own() -> None:
    from console.screens.object_menu import letters

    found = list(letters([action for action in in_scope(Scope.OBJECT) if action.id != "menu"]).values())
    assert all(found)
    assert len(set(found)) == len(found)


def test_there_is_no_screenshot_command() -> None:
    assert not [action for action in ACTIONS.values() if "screenshot" in action.call]
    assert not NavarchApp.ENABLE_COMMAND_PALETTE


def test_keys_as_people_read_them() -> None:
    assert [shown(key) for key in ("ctrl+p", "question_mark", "enter", "escape")] == [
        "ctrl-p",
        "?",
        "⏎",
        "esc",
    ]
