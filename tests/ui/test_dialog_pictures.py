"""Pictures of the screens that are reached by the way, at three sizes; and that no screen is without one."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from backend.fleet.acts import Refused
from backend.fleet.programs import Program
from backend.kube.access import ExecApproval, ExecSpec
from backend.kube.exec_review import ExecReview
from backend.kube.status import State, Status
from backend.tenancy.subjects import Subject, SubjectKind
from backend.text import safe_text
from console.application import NavarchApp
from console.screens.ask_path import AskPathScreen
from console.screens.asking_rights import WhichSubjectScreen
from console.screens.edit import TroubleScreen
from console.screens.outcome import OutcomeScreen
from console.screens.reveal import RevealScreen
from console.session import Gate
from tests.hostile.test_screens import NOT_WALKED, all_screens
from tests.ui.double import NAMES, NOW, FleetDouble, SessionDouble, default_objects, live
from tests.ui.seeing import screen_text, see, until
from tests.ui.test_edit import _no_terminal as no_terminal  # noqa: F401 - a fixture
from tests.ui.test_edit import editing, editor, world
from tests.ui.test_pictures import FOLDER, SCREENS, SIZES, Way, compare, fits, home, seen, then, without_pane

Open = Callable[..., NavarchApp]
pytestmark = pytest.mark.usefixtures("patient_logs")


def pushed(make: Callable[[], Screen[Any]]) -> Way:
    async def go(pilot: Pilot[None]) -> None:
        await home(pilot)
        pilot.app.push_screen(make())

    return go


async def failed(pilot: Pilot[None]) -> None:
    await home(pilot)
    pilot.app.tell_error(RuntimeError("the disk is full"))  # type: ignore[attr-defined]
    await pilot.press("E")


async def counted(pilot: Pilot[None], clusters: int) -> None:
    """So many rows of the fleet are watched by now, behind a dialog perhaps: they do not change any more."""
    app: Any = pilot.app
    await until(pilot, lambda: app.frame is not None and len(app.frame.table.source), what="a fleet")
    source = app.frame.table.source
    await until(pilot, lambda: sum(row.live_counts for row in source.window(0, 9)) == clusters, what="live")
    await pilot.pause()


async def asked_about_programs(pilot: Pilot[None]) -> None:
    await see(pilot, "Programs that want to run")
    await counted(pilot, 3)


async def in_trouble(pilot: Pilot[None]) -> None:
    await see(pilot, "2/3 live", "FORBIDDEN")
    await counted(pilot, 2)
    await pilot.press("S")
    await see(pilot, "since")
    await pilot.press("enter")


async def sources_with_rates(pilot: Pilot[None]) -> None:
    """Each container has had its own minute, and no further second goes by."""
    await SCREENS["logs"][0](pilot)
    screen: Any = pilot.app.screen
    follower = screen.desk.follower
    for task in follower._tasks:
        if task.get_coro().__name__ == "_tick":
            task.cancel()
    for source in follower.sources:
        source.rates.clear()
        source.rates.extend((second * (source.number + 3)) % 17 for second in range(12))
    await pilot.press("s", "down", "space")
    await see(pilot, "[ ]", "81 of 90 lines")


WAYS: dict[str, Way] = {
    "KindRightsScreen": then(SCREENS["rights"][0], "enter", sign="esc"),
    "JournalEntryScreen": then(SCREENS["journal"][0], "enter", sign="esc"),
    "MessageScreen": then(SCREENS["messages"][0], "enter", sign="esc"),
    "StateScreen": in_trouble,
    "ErrorScreen": failed,
    "AddClustersScreen": then(home, "n", sign="esc"),
    "ProgramsScreen": asked_about_programs,
    "CreateVaultScreen": then(
        seen("Welcome", "enter", at_last="Review before import"), "ctrl+s", sign="Once more"
    ),
    "AskPathScreen": pushed(lambda: AskPathScreen("/home/dana/.kube/config")),
    "RevealScreen": pushed(lambda: RevealScreen(["password", "tls.crt", "user"])),
    "WhichSubjectScreen": pushed(
        lambda: WhichSubjectScreen(
            [
                Subject(kind=SubjectKind.USER, name="dana"),
                Subject(kind=SubjectKind.SERVICE_ACCOUNT, name="bot", namespace="pay"),
            ]
        )
    ),
    "TroubleScreen": pushed(
        lambda: TroubleScreen(Refused("spec.replicas: three is no number", advice="Correct it."))
    ),
    "OutcomeScreen": pushed(
        lambda: OutcomeScreen(
            "Delete 3 pods",
            done=2,
            failed=[(safe_text("prod-eu pay/api-000"), safe_text("forbidden: dana may not delete pods"))],
        )
    ),
    "DiffScreen": editing,
    "LogSourcesScreen": sources_with_rates,
}
"""How to come there."""


def session_for(name: str) -> SessionDouble:
    if name == "DiffScreen":
        return world()
    statuses = live(*NAMES)
    if name == "StateScreen":
        why = safe_text("dana may not list pods in all namespaces")
        statuses |= {"id-edge-7": Status(state=State.FORBIDDEN, since=NOW - 30, detail=why)}
    gate = Gate.FIRST_START if name == "CreateVaultScreen" else Gate.OPEN
    session = SessionDouble(FleetDouble(default_objects(), statuses=statuses), gate=gate)
    if name == "ProgramsScreen":
        session.waiting = [a_program()]
    return session


def a_program() -> Program:
    path = Path("/usr/local/bin/fleet-login")
    spec = ExecSpec(api_version="client.authentication.k8s.io/v1", command=str(path), args=("--realm", "eu"))
    seen = ExecReview(
        command=safe_text(spec.command),
        args=tuple(map(safe_text, spec.args)),
        env=(),
        path=path,
        owner=safe_text("root"),
        mode="-rwxr-xr-x",
        script=True,
        dangers=(safe_text("it is in /usr/local/bin, where others can write"),),
        refusal=safe_text(""),
        approval=ExecApproval(path=path, sha256="3fa91c" * 10, fingerprint="f"),
    )
    names = tuple(safe_text(name) for name in NAMES)
    return Program(spec=spec, seen=seen, clusters=names, fingerprints=frozenset({"f"}), ids=NAMES)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", WAYS)
async def test_screen(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, name: str, size: tuple[int, int]
) -> None:
    editor(monkeypatch, "'s/replicas: 3/replicas: 5/'")
    app = open_app(session_for(name), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await WAYS[name](pilot)
        await until(pilot, lambda: type(app.screen).__name__ == name, what=name)
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"{kebab(name)}-{size[0]}x{size[1]}", text)


def kebab(name: str) -> str:
    """``ActAsScreen``: act-as."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name.removesuffix("Screen")).lower()


CALLED = {
    "ActScreen": "delete",
    "AddSlotScreen": "vault-add",
    "AgreeCommandScreen": "own-program-agree",
    "ChangePassphraseScreen": "vault-passphrase",
    "ChooseCommandScreen": "own-programs",
    "DetailScreen": "describe",
    "EditSettingScreen": "settings-edit",
    "OutputScreen": "own-program-output",
    "RemoveSlotScreen": "vault-remove",
    "ResourcesScreen": "pods",
    "SlotFormScreen": "vault-add-agent",
    "SlotScreen": "vault-slot",
    "SubjectRightsScreen": "rights-of-group",
}
"""Pictures that are not called like their screen."""


def test_every_screen_has_pictures_at_three_sizes() -> None:
    bases = next(names for names, why in NOT_WALKED.items() if why.startswith("no screen of its own")).split()
    there = {path.stem for path in FOLDER.glob("*.txt")}
    for screen in sorted(all_screens() - set(bases)):
        begin = CALLED.get(screen, kebab(screen))
        for columns, rows in SIZES:
            found = [name for name in there if name.startswith(begin) and name.endswith(f"{columns}x{rows}")]
            assert found, f"{screen} has no picture {begin}…-{columns}x{rows}"
