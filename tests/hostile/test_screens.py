"""Every screen over objects whose every text is hostile: none of it becomes a control or an action."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

import console.screens
from backend.fleet.programs import wanting
from backend.kube.status import State, Status
from backend.text import safe_text
from console.application import NavarchApp
from console.session import Gate
from console.settings import Settings
from tests.fleet.test_programs import member
from tests.hostile.corpus import ALL, CORPUS, HUGE, spoiled
from tests.hostile.inert import inert
from tests.hostile.oracle import wrong_in
from tests.hostile.spoiling import KEPT, Spoiler
from tests.ui.double import NAMES, NOW, FleetDouble, SessionDouble, default_objects, deployment, live, service
from tests.ui.seeing import see, until
from tests.ui.test_pictures import SCREENS, Way, line, one_pod, pods, seen, then

KEPT_ON_SCREEN = KEPT | {"namespace", "kubeletVersion", "message"}
"""By these the ways find what they look for; messages are spoiled apart, see ``spoiled_objects``."""


def at(name: str) -> Way:
    return SCREENS[name][0]


def opened(*keys: str, after: Way = pods, sign: str = "") -> Way:
    return then(after, *keys, sign=sign)


async def at_rest(pilot: Pilot[None]) -> None:
    await see(pilot, "3/3 live")


async def in_trouble(pilot: Pilot[None]) -> None:
    await see(pilot, "1/3 live", "FORBIDDEN")


async def failed(pilot: Pilot[None]) -> None:
    await pods(pilot)
    pilot.app.tell_error(RuntimeError(ALL))  # type: ignore[attr-defined]
    await pilot.press("E")


WALK: dict[str, tuple[Way, ...]] = {
    "FleetScreen": (at_rest,),
    "ResourcesScreen": (pods, at("pods-wide"), at("pods-filtered"), line("nodes", "9 rows")),
    "LogsScreen": (
        at("logs"),
        at("logs-filtered"),
        then(at("log-columns"), "escape", sign="upstream"),
        then(at("logs"), *"zwti", sign="UTC"),
    ),
    "LogLineScreen": (at("log-line"),),
    "LogColumnsScreen": (at("log-columns"),),
    "LogSourcesScreen": (then(at("logs"), "s", sign="space switches"),),
    "MetricsScreen": (
        line("top pods", "90 of 90"),
        line("top nodes", "9 of 9"),
        line("top workloads", "workloads"),
    ),
    "OrderScreen": (at("order"),),
    "ColumnsScreen": (at("columns"),),
    "DetailScreen": (
        at("describe"),
        at("yaml"),
        opened("d", "tab", "tab", after=one_pod, sign="(events)"),
        then(line("secrets @prod-eu", "Opaq"), "y", sign="(yaml)"),
    ),
    "EventsScreen": (line("events", "rows"),),
    "TimelineScreen": (opened("v", after=pods, sign="line"),),
    "EventGroupScreen": (then(line("events", "3 rows"), "enter", sign="First seen"),),
    "EventRangeScreen": (then(line("events", "rows"), "W", sign="all that is known"),),
    "ActScreen": (at("delete"), at("restart"), at("scale")),
    "RelationsScreen": (at("relations"),),
    "TopologyScreen": (
        opened("t", after=one_pod, sign="Pod pay/"),
        then(opened("t", after=one_pod, sign="Pod pay/"), "tab", sign="(drawing)"),
    ),
    "BlastScreen": (opened("b", after=one_pod, sign="certain"),),
    "ObjectMenuScreen": (at("object-menu"),),
    "CopyScreen": (at("copy"),),
    "KeepFavouriteScreen": (at("keep-favourite"),),
    "RightsScreen": (at("rights"),),
    "KindRightsScreen": (then(at("rights"), "enter", sign="esc"),),
    "WhoCanScreen": (at("who-can"),),
    "SubjectRightsScreen": (line("rights ops@example.com", "rights of"),),
    "ActAsScreen": (at("act-as"),),
    "JumpScreen": (at("jump"),),
    "ExportScreen": (at("export"),),
    "HelpScreen": (at("help"),),
    "PaletteScreen": (at("palette"),),
    "ThemeScreen": (at("theme"),),
    "JournalScreen": (at("journal"),),
    "JournalEntryScreen": (then(at("journal"), "enter", sign="esc"),),
    "MessagesScreen": (at("messages"),),
    "MessageScreen": (then(at("messages"), "enter", sign="esc"),),
    "SettingsScreen": (at("settings"),),
    "EditSettingScreen": (at("settings-edit"),),
    "StatesScreen": (then(in_trouble, "S", sign="UNREACHABLE"),),
    "StateScreen": (then(then(in_trouble, "S", sign="UNREACHABLE"), "enter", sign="esc"),),
    "ErrorScreen": (failed,),
    "ClusterFactsScreen": (then(at_rest, "d", sign="esc"),),
    "ClusterMarksScreen": (then(at_rest, "e", sign="Tags"),),
    "ReviewScreen": (seen("Welcome", "enter", at_last="Review before import"),),
    "FirstStartScreen": (seen("Welcome"),),
    "UnlockScreen": (at("unlock-wrong"),),
    "AddClustersScreen": (then(at_rest, "n", sign="esc"),),
    "ChooseCommandScreen": (opened("u", after=one_pod, sign="echo"),),
    "ProgramsScreen": (seen("Programs that want to run"),),
}
"""Ways to each screen. A way ends on that screen, which is what the test looks at."""
GATES = {"ReviewScreen": Gate.FIRST_START, "FirstStartScreen": Gate.FIRST_START, "UnlockScreen": Gate.LOCKED}
NOT_WALKED = {
    "Beside DialogScreen FavouriteKeys FrameScreen GrantsScreen LogFilters Measured Narrowing ObjectKeys "
    "OwnCommands RightsTableScreen SecretPromptScreen TableScreen TextScreen UseTab": "no screen of its own: "
    "what others are made of",
    "AddSlotScreen AgreeCommandScreen AskPathScreen ChangePassphraseScreen CreateVaultScreen DiffScreen "
    "DoctorScreen LogScreen OutcomeScreen OutputScreen RemoveSlotScreen RevealScreen ScreenLockScreen "
    "SearchScreen SlotFormScreen SlotScreen TroubleScreen VaultScreen WhichSubjectScreen": "walked in "
    "test_own_screens: what is hostile there comes from this machine",
    "StorageActScreen StorageScreen StorageExplainScreen": "shows a storage engine, no fleet; walked in "
    "test_engine.py",
}


def all_screens() -> set[str]:
    found = set()
    for module in pkgutil.iter_modules(console.screens.__path__):
        there = importlib.import_module(f"console.screens.{module.name}")
        for name, thing in vars(there).items():
            if inspect.isclass(thing) and issubclass(thing, Screen) and thing.__module__ == there.__name__:
                found.add(name)
    return found


def test_every_screen_is_walked_or_has_a_reason() -> None:
    excused = {name for names in NOT_WALKED for name in names.split()}
    assert not excused & set(WALK)
    assert excused | set(WALK) == all_screens()


def spoiled_objects() -> dict[str, list[dict[str, Any]]]:
    objects = default_objects()
    objects["deployments"] = [deployment("web", "pay")]
    objects["services"] = [service("web", "pay")]
    spoil = Spoiler(keep=KEPT_ON_SCREEN)
    made: dict[str, list[dict[str, Any]]] = {
        word: [spoil(o) for o in group] for word, group in objects.items()
    }
    for pod in made["pods"]:
        pod["metadata"]["labels"] = {ALL: ALL}
        for status in pod["status"]["containerStatuses"]:
            status["state"] = {"waiting": {"reason": f"CrashLoopBackOff{ALL}", "message": ALL}}
    made["events"] = [
        {
            "kind": "Event",
            "metadata": {"name": f"e{ALL}", "namespace": "pay", "uid": "e"},
            "type": "Warning",
            "reason": ALL,
            "message": ALL,
            "involvedObject": {"kind": "Pod", "name": made["pods"][0]["metadata"]["name"]},
            "lastTimestamp": "2026-09-21T14:00:00Z",
        }
    ]
    return made


def hostile_lines(lines: Sequence[bytes]) -> Sequence[bytes]:
    """Every second line lies: hostile JSON, hostile text, a megabyte, and what is no text."""
    told = json.dumps({"level": "error", ALL: {ALL: ALL}, "msg": ALL}, ensure_ascii=False)
    bad = [text.replace("\n", " ").encode() for text in (told, ALL, HUGE[-900_000:])] + [b"\xff\x9b2J\xc3"]
    return [bad[at // 2 % len(bad)] if at % 2 else text for at, text in enumerate(lines)]


def hostile_session(screen: str) -> SessionDouble:
    statuses = live(*NAMES)
    if screen.startswith("State"):
        trouble = Status(state=State.UNREACHABLE, since=NOW - 30, detail=safe_text(ALL))
        statuses |= {"id-prod-us": trouble, "id-edge-7": replace(trouble, state=State.FORBIDDEN)}
    fleet = FleetDouble(spoiled_objects(), statuses=statuses, tags=(ALL,), groups=(ALL,))
    for cluster in fleet.select():
        cluster.client.log_lines = hostile_lines(cluster.client.log_lines)
    session = SessionDouble(fleet, gate=GATES.get(screen, Gate.OPEN))
    if screen == "ProgramsScreen":
        session.waiting = wanting([member("a", "/bin/echo", ALL)])
    return session


def settings() -> Settings:
    made = Settings()
    made.keep(("pane",), False)
    told = {"run": ["echo", "{cluster}", "{name}", "{namespace}"], "title": "echo it"}
    made.set(("commands", "say"), told)
    return made


WAYS = [
    pytest.param(name, way, id=f"{name}-{i}") for name, ways in WALK.items() for i, way in enumerate(ways)
]


@pytest.mark.parametrize(("screen", "way"), WAYS)
async def test_the_screen_is_inert(open_app: Callable[..., NavarchApp], screen: str, way: Way) -> None:
    app = open_app(hostile_session(screen), settings=settings())
    async with app.run_test(size=(120, 40)) as pilot:
        await way(pilot)
        await until(pilot, lambda: type(app.screen).__name__ == screen, what=screen)
        await pilot.pause()
        inert(app)


def test_the_corpus_has_an_entry_for_each_kind_of_control() -> None:
    assert wrong_in(spoiled("", "bidi-override"))
    honest = {"markup-click", "markup-style", "markup-broken", "wide", "formula"}
    assert {name for name, text in CORPUS.items() if not wrong_in(text)} == honest
