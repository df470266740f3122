"""Every command of ``navarch engine`` on an engine that lies: a terminal obeys nothing of it."""

from __future__ import annotations

import json
import shutil
import socketserver
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend.storage import model
from console.application import NavarchApp
from console.cli.page import all_commands
from console.terminal.traits import Traits
from tests.cli.navarch_command import navarch
from tests.hostile.corpus import CORPUS, MARK
from tests.hostile.oracle import wrong_in
from tests.hostile.test_commands import SPOILED_ARGUMENT, formats
from tests.hostile.test_screens import inert
from tests.ui.double import SessionDouble
from tests.ui.seeing import see, write
from tests.ui.storage_double import StorageDouble

WALK: dict[str, list[str]] = {
    "engine local status": [""],
    "engine pool list": [""],
    "engine pool show": ["{pool}"],
    "engine pool add": ["/tmp/nowhere"],
    "engine pool remove": ["{hostile}"],
    "engine volume list": [""],
    "engine volume show": ["demo", "{hostile}"],
    "engine volume explain": ["", "{hostile}"],
    "engine volume create": ["demo --size 1G"],
    "engine volume delete": ["demo", "demo --yes"],
    "engine volume resize": ["demo 2G"],
    "engine volume pace": ["{hostile} --limit 1M"],
    "engine volume attach": ["demo", "demo@monday"],
    "engine volume detach": ["{hostile}", "demo@monday"],
    "engine recover": [""],
    "engine snapshot list": ["demo"],
    "engine snapshot create": ["{hostile} {hostile}"],
    "engine snapshot delete": ["{hostile} {hostile} --yes"],
    "engine snapshot restore": ["{hostile} {hostile} --yes"],
    "engine clone": ["{hostile} {hostile}"],
    "engine replica add": ["{hostile}"],
    "engine replica remove": ["{hostile} {hostile} --yes"],
    "engine scrub": ["{hostile}"],
    "engine job list": ["--all"],
    "engine job show": ["{hostile}"],
    "engine job pause": ["{hostile}"],
    "engine job resume": ["{hostile}"],
    "engine job cancel": ["{hostile}"],
    "engine job wait": ["{hostile}"],
    "engine replica rebuild": ["{hostile} {hostile} --yes"],
    "engine events": ["", "{hostile}"],
    "engine metrics": [""],
    "engine renew": ["", "{hostile}"],
}
NOT_WALKED = {
    "engine local up": "says only what the program knows",
    "engine local down": "as up; what an engine refuses is said as everywhere",
    "engine volume watch": "goes on for ever; it prints what list and explain print",
    "engine verify": "judges a scratch volume of its own",
}
_ENTRIES = list(CORPUS.values())


def lie(kind: Any, text: str) -> Any:
    """A value of this type with the text wherever a text may be."""
    made = {}
    for field in msgspec.structs.fields(kind):
        told = msgspec.inspect.type_info(field.type)
        made[field.name] = _lie(told, field.type, text)
    return kind(**made)


def _lie(told: Any, kind: Any, text: str) -> Any:
    info = msgspec.inspect
    if isinstance(told, info.StrType):
        return f"{MARK}{text}"
    if isinstance(told, info.IntType | info.FloatType):
        return 3
    if isinstance(told, info.BoolType):
        return True
    if isinstance(told, info.StructType):
        return lie(told.cls, text)
    if isinstance(told, info.ListType):
        return [_lie(told.item_type, kind, text)]
    if isinstance(told, info.UnionType):
        return _lie(next(one for one in told.types if not isinstance(one, info.NoneType)), kind, text)
    raise AssertionError(told)


class Liar(BaseHTTPRequestHandler):
    """Answers in the right shapes; an act is refused, or done, in hostile words."""

    def _answer(self, status: int, value: object) -> None:
        body = value.encode("utf-8", "replace") if isinstance(value, str) else msgspec.json.encode(value)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        lists = {
            "pools": model.Pool,
            "volumes": model.Volume,
            "findings": model.Finding,
            "events": model.Event,
            "snapshots": model.Snapshot,
        }
        last = path.rpartition("/")[2]
        if last in lists:
            self._answer(200, [lie(lists[last], text) for text in _ENTRIES])
        elif last == "explain":
            self._answer(200, [lie(model.Finding, text) for text in _ENTRIES])
        elif last == "jobs":
            self._answer(200, [msgspec.structs.replace(lie(model.Job, _ENTRIES[0]), state="running")])
        elif last == "metrics":
            self._answer(200, "\n".join(f"# {MARK}{text}" for text in _ENTRIES))
        elif "/jobs/" in path:
            self._answer(200, lie(model.Job, "".join(_ENTRIES)))
        else:
            kind = {"engine": model.EngineInfo}.get(last) or (
                model.Pool if "/pools/" in path else model.Volume
            )
            self._answer(200, lie(kind, "".join(_ENTRIES)))

    def do_POST(self) -> None:
        if self.path.endswith("attachment"):
            self._answer(200, lie(model.Attachment, "".join(_ENTRIES)))
        elif self.path.endswith(("volumes", "recover")):
            self._answer(200, msgspec.structs.replace(lie(model.Job, "".join(_ENTRIES)), state="running"))
        else:
            self._refuse()

    def _refuse(self) -> None:
        text = MARK + "".join(_ENTRIES)
        self._answer(409, {"error": text, "next": text})

    do_PUT = do_DELETE = _refuse

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def address_string(self) -> str:
        return ""


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    for place in (folder, folder / "run"):
        place.chmod(0o700) if place.exists() else place.mkdir(mode=0o700)
    run = folder / "run" / "engine"
    run.mkdir(mode=0o700)
    with socketserver.ThreadingUnixStreamServer(str(run / "control.sock"), Liar) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield folder
        server.shutdown()
    shutil.rmtree(folder)


def lines() -> Iterator[list[str]]:
    for path, command in all_commands().items():
        for given in WALK.get(path, ()):
            for form in formats(command) or [""]:
                yield [*path.split(), *given.split(), *(["-o", form] if form else [])]


def test_every_engine_command_is_walked_or_has_a_reason() -> None:
    known = {path for path in all_commands() if path.startswith("engine ")}
    assert set(WALK) | set(NOT_WALKED) == known
    assert not set(WALK) & set(NOT_WALKED)


@pytest.mark.xdist_group("hostile-engine")
@pytest.mark.parametrize("words", lines(), ids=" ".join)
def test_nothing_of_it_steers_a_terminal(
    home: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(home))
    done = navarch(*[SPOILED_ARGUMENT if word == "{hostile}" else word for word in words])
    assert "a bug in Navarch" not in done.stderr
    for stream in (done.stdout, done.stderr):
        assert wrong_in(stream) == [], stream[:2000]
    acts = {
        "scrub",
        "cancel",
        "pause",
        "resume",
        "wait",
        "rebuild",
        "restore",
        "clone",
        "create",
        "delete",
        "resize",
        "pace",
        "detach",
        "remove",
        "add",
        "recover",
    }
    assert MARK in done.stdout + done.stderr or acts & set(words), "nothing hostile came by"


@pytest.mark.xdist_group("hostile-engine")
def test_data_is_whole_whatever_it_holds(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(home))
    told = json.loads(navarch("engine", "pool", "list", "-o", "json").stdout)
    assert [pool["name"] for pool in told] == [f"{MARK}{text}" for text in _ENTRIES]


KEYS = [
    (), ("v",), ("enter",), ("v", "enter"), ("j", "enter"), ("j", "j", "enter"),
    ("v", "v"), ("v", "v", "enter"),
    # What would be done, with its names.
    ("D",), ("j", "D"), ("j", "b"), ("j", "j", "D"), ("j", "j", "B", "enter"), ("a",), ("j", "j", "a"),
    ("m",), ("r",), ("i",), ("p",), ("v", "D"), ("v", "v", "D"), ("v", "v", "p"),
]  # fmt: skip


@pytest.mark.parametrize("keys", KEYS, ids="-".join)
async def test_the_screen_shows_lies_as_text(monkeypatch: pytest.MonkeyPatch, keys: tuple[str, ...]) -> None:
    import console.screens.storage as screen

    text = "".join(_ENTRIES)
    lying = [lie(model.Volume, text)]
    double = StorageDouble(
        model.Inventory(
            msgspec.structs.replace(lie(model.EngineInfo, text), health="degraded"),
            [lie(model.Pool, text)],
            [msgspec.structs.replace(one, id=f"id{at}") for at, one in enumerate(lying)],
            [lie(model.Finding, text)],
            [msgspec.structs.replace(lie(model.Job, text), ended=0, acts=["pause", "stop"])],
        )
    )
    monkeypatch.setattr(screen, "here", lambda: double)
    app = NavarchApp(SessionDouble(), traits=Traits())
    async with app.run_test(size=(160, 50)) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":storage")
        await pilot.press("enter")
        await see(pilot, "1 volume on 1 pool")
        await pilot.press(*keys)
        await see(pilot, MARK)
        inert(app)
