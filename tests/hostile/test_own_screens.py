"""Screens about what lies on this machine, and what programs on it say, when all of it is hostile.

Who has the file of a vault can write its slots' labels; the log, the doctor's findings, the output of one's
own programs and a diff hold what clusters and files said.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.screen import Screen

from backend import log
from backend.diagnosis import doctor
from backend.diagnosis.check import fail, ok, warn
from backend.diagnosis.doctor import Diagnosis
from backend.fleet.acts import Refused
from backend.tenancy.subjects import Subject, SubjectKind
from backend.text import safe_text
from console.application import NavarchApp
from console.screens.ask_path import AskPathScreen
from console.screens.asking_rights import WhichSubjectScreen
from console.screens.outcome import OutcomeScreen
from console.screens.reveal import RevealScreen
from console.session import Gate
from console.settings import Settings
from tests.hostile.corpus import ALL, CORPUS
from tests.hostile.inert import inert
from tests.hostile.spoiling import Spoiler
from tests.ui.double import NOW, FleetDouble, SessionDouble, default_objects, deployment
from tests.ui.seeing import see, until, write
from tests.ui.test_edit import editor
from tests.ui.test_search import Script
from tests.ui.test_vault_pictures import KeeperDouble, Session, slot

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def is_inert(pilot: Pilot[None], name: str) -> None:
    """The screen of this name is there, and all of it is only text."""
    app: Any = pilot.app
    await until(pilot, lambda: type(app.screen).__name__ == name, what=name)
    await pilot.pause()
    inert(app)


# --- the vault


def hostile_vault() -> Session:
    session = Session()
    keeper: Any = KeeperDouble()
    params = '{"backend":"%s","recipients":["%s"],"file":"%s","key":"%s"}' % ((safe_json(ALL),) * 4)
    keeper.vault.slots = tuple(
        slot(number, kind, f"{number}{ALL}", params)
        for number, kind in enumerate(("passphrase", "recovery", "keyring", "age", "ssh-agent", ALL), start=1)
    )
    keeper.vault.path = Path("/vault") / ALL.replace("/", "") / "vault.db"
    keeper.vault.damage = safe_text(ALL)
    session.keeper = keeper
    return session


def safe_json(text: str) -> str:
    return json.dumps(text)[1:-1]


async def to_the_vault(pilot: Pilot[None]) -> None:
    await see(pilot, "90 pods")
    await write(pilot, ":vault")
    await pilot.press("enter")
    await see(pilot, "6 ways in")


VAULT = {
    "VaultScreen": (),
    "AddSlotScreen": ("n",),
    "SlotFormScreen": ("n", "enter"),
    "RemoveSlotScreen": ("D",),
    "SlotScreen": ("enter",),
    "ChangePassphraseScreen": ("p",),
}


@pytest.mark.parametrize("name", VAULT)
async def test_a_vault_whose_file_lies(open_app: Open, name: str) -> None:
    app = open_app(hostile_vault())
    async with app.run_test(size=SIZE) as pilot:
        await to_the_vault(pilot)
        await pilot.press(*VAULT[name])
        await is_inert(pilot, name)


async def test_the_check_of_a_vault_that_lies(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = SimpleNamespace(ok=False, what=ALL)
    monkeypatch.setattr("console.screens.vault.check", lambda vault: [finding])
    app = open_app(hostile_vault())
    async with app.run_test(size=SIZE) as pilot:
        await to_the_vault(pilot)
        await pilot.press("K")
        await see(pilot, "The vault's check")
        inert(app)


async def test_a_screen_lock_over_hostile_rows(open_app: Open) -> None:
    app = open_app(hostile_vault())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "90 pods")
        await pilot.press("f12")
        await see(pilot, "The screen is locked")
        await is_inert(pilot, "ScreenLockScreen")


async def test_a_new_vault_on_a_machine_that_lies(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    session = SessionDouble(gate=Gate.FIRST_START)

    async def refuse(passphrase: object) -> object:
        raise OSError(ALL)

    monkeypatch.setattr(session, "create_vault", refuse)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "Welcome")
        await pilot.press("enter")
        await see(pilot, "Review before import")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: type(app.screen).__name__ == "CreateVaultScreen")
        for _ in range(2):
            await write(pilot, "correct horse battery staple")
            await pilot.press("enter")
        await see(pilot, "OSError")
        await is_inert(pilot, "CreateVaultScreen")


# --- the doctor and the log


async def test_a_doctor_who_found_hostile_things(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def examined(around: object) -> list[Diagnosis]:
        return [
            Diagnosis(id="locale", title="Locale", findings=(ok(ALL), warn(ALL, ALL), fail(ALL, ALL))),
        ]

    monkeypatch.setattr(doctor, "examine", examined)
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "90 pods")
        await write(pilot, ":doctor")
        await pilot.press("enter")
        await see(pilot, "3 findings")
        await is_inert(pilot, "DoctorScreen")
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ != "DoctorScreen")
        inert(app)


async def test_a_log_that_somebody_else_wrote(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    facts: dict[str, Any] = {"cluster": ALL, "state": ALL, "text": ALL, "places": (ALL, ALL)}
    entries = [log.Entry(when=NOW - 9, pid=1, what="cluster", **facts), log.Entry(when=NOW, pid=1, what=ALL)]
    monkeypatch.setattr(log, "entries", lambda: entries)
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "90 pods")
        await write(pilot, ":log")
        await pilot.press("enter")
        await see(pilot, "2 lines")
        await is_inert(pilot, "LogScreen")
        await pilot.press("enter")
        await until(pilot, lambda: type(app.screen).__name__ != "LogScreen")
        inert(app)


# --- editing


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pilot has none to lend."""

    @contextlib.asynccontextmanager
    async def lend(app: object) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr("console.screens.edit.lend_terminal", lend)


@pytest.mark.parametrize("refused", [False, True])
async def test_a_diff_of_a_hostile_object(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_terminal: None, refused: bool
) -> None:
    """The diff, or what the server says against the change."""
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    editor(monkeypatch, "'s/replicas: 3/replicas: three/'" if refused else "'s/replicas: 3/replicas: 5/'")
    made = Spoiler(keep={"name", "namespace", "kind", "apiVersion", "uid"})(deployment("web", "pay"))
    made["metadata"]["annotations"] = {"hostile": ALL}
    objects = default_objects() | {"deployments": [made]}
    session = SessionDouble(FleetDouble(objects, names=("prod-eu",)))
    if refused:

        async def refuse(*given: object, **more: object) -> None:
            raise Refused(ALL, advice=ALL)

        monkeypatch.setattr("console.screens.edit.preview", refuse)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "1 cluster")
        await write(pilot, ":deploy")
        await pilot.press("enter")
        await see(pilot, "· 1 row")
        await write(pilot, "e")
        await is_inert(pilot, "TroubleScreen" if refused else "DiffScreen")


# --- one's own programs

SHOUT = "import sys; sys.stdout.write(sys.argv[1] + chr(10)); sys.stderr.write(sys.argv[1]); sys.exit(3)"


async def test_a_program_that_prints_everything(open_app: Open, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.toml")
    command = {"run": [sys.executable, "-c", SHOUT, ALL.replace("\x00", "")], "key": "f6", "title": "shout"}
    settings.set(("commands", "shout"), command)
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu -n pay")
        await pilot.press("enter")
        await see(pilot, "10 rows")
        await pilot.press("f6")
        await see(pilot, "not run before in this form")
        await is_inert(pilot, "AgreeCommandScreen")
        await pilot.press("down", "down", "enter")
        await see(pilot, "exit code 3")
        await is_inert(pilot, "OutputScreen")


# --- what is found


async def test_hits_with_hostile_names(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script()
    monkeypatch.setattr("console.screens.search.search", script.search)
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("ctrl+g")
        await see(pilot, ": search")
        await write(pilot, "api")
        await pilot.press("enter")
        await until(pilot, lambda: script.asked)
        names = [f"api{text}" for text in CORPUS.values()]
        script.finds("prod-eu", *names)
        script.ends("prod-eu", detail=ALL)
        script.over()
        await see(pilot, f"{len(names)} found")
        await is_inert(pilot, "SearchScreen")


# --- dialogs that are shown something

DIALOGS: dict[str, Callable[[], Screen[Any]]] = {
    "OutcomeScreen": lambda: OutcomeScreen(
        safe_text(ALL), done=1, failed=[(safe_text(ALL), safe_text(ALL))] * 14
    ),
    "RevealScreen": lambda: RevealScreen([ALL, *CORPUS.values()]),
    "WhichSubjectScreen": lambda: WhichSubjectScreen(
        [Subject(kind=kind, name=ALL, namespace=ALL) for kind in SubjectKind]
    ),
    "AskPathScreen": lambda: AskPathScreen(safe_text(ALL)),
}


@pytest.mark.parametrize("name", DIALOGS)
async def test_a_dialog_is_inert(open_app: Open, name: str) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        app.push_screen(DIALOGS[name]())
        await is_inert(pilot, name)
