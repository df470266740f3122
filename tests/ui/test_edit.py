"""Editing in the console: the terminal is lent, the change tried and shown, the text never lost."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from console.application import NavarchApp
from tests.ui.double import FleetDouble, SessionDouble, default_objects, deployment
from tests.ui.seeing import see, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The pilot has no terminal to lend."""

    @contextlib.asynccontextmanager
    async def lend(app: object) -> AsyncIterator[None]:
        yield

    monkeypatch.setattr("console.screens.edit.lend_terminal", lend)
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))


def world(**member: Any) -> SessionDouble:
    objects = default_objects()
    objects["deployments"] = [deployment("web", "pay")]
    return SessionDouble(FleetDouble(objects, names=("prod-eu",), **member))


def editor(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setenv("KUBE_EDITOR", f"sed -i {script}")


async def editing(pilot: Any) -> None:
    await see(pilot, "1 cluster")
    await write(pilot, ":deploy")
    await pilot.press("enter")
    await see(pilot, "· 1 row")
    await write(pilot, "e")


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home" / "run").glob("edit-*"))


async def test_a_change_is_shown_agreed_to_and_sent(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, "'s/replicas: 3/replicas: 5/'")
    session = world()
    app = open_app(session)
    client = session.fleet.client("id-prod-eu")
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "Apply this change?", "-  replicas: 3", "+  replicas: 5")
        assert client.patched == []
        await pilot.press("down", "down", "enter")
        await see(pilot, "deployment/web edited")
    [(_, change)] = client.patched
    assert change["spec"] == {"replicas": 5}
    assert [line["act"] for line in session.lines] == ["edit", "edit"]
    assert kept(tmp_path) == []


async def test_a_text_that_is_not_sent_is_kept(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, "'s/replicas: 3/replicas: 5/'")
    session = world()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "Apply this change?")
        await pilot.press("escape")
        await see(pilot, "Your text is kept")
    assert session.fleet.client("id-prod-eu").patched == []
    [path] = kept(tmp_path)
    assert "replicas: 5" in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_text_that_can_not_be_read_goes_back_to_the_editor(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Broken by the first edit, mended by the second."""
    editor(monkeypatch, "-e 's/^spec:$/spec: [/;t' -e 's/^spec: .$/spec:/' -e 's/replicas: 3/replicas: 4/'")
    session = world()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "Not sent", "line", "Edit again")
        await pilot.press("enter")
        await see(pilot, "Apply this change?")
        await pilot.press("down", "down", "enter")
        await see(pilot, "deployment/web edited")


async def test_somebody_was_quicker_in_the_same_field(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, "'s/replicas: 3/replicas: 5/'")
    session = world()
    app = open_app(session)
    objects = session.fleet.objects["deployments"]
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "Apply this change?")
        objects[0]["spec"]["replicas"] = 7
        objects[0]["metadata"]["resourceVersion"] = "8"
        await pilot.press("down", "down", "enter")
        await see(pilot, "Not sent", "spec.replicas", "your fields on top of theirs")
        assert objects[0]["spec"]["replicas"] == 7
        await pilot.press("enter")
        await see(pilot, "Apply this change?", "-  replicas: 7", "+  replicas: 5")
        await pilot.press("down", "down", "enter")
        await see(pilot, "deployment/web edited")
    assert objects[0]["spec"]["replicas"] == 5


async def test_a_protected_cluster_wants_the_name(
    open_app: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor(monkeypatch, "'s/replicas: 3/replicas: 5/'")
    session = world(protected=True)
    app = open_app(session)
    client = session.fleet.client("id-prod-eu")
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "To confirm, type web")
        await pilot.press("down", "down", "enter")
        await see(pilot, "Type web first")
        assert client.patched == []
        await write(pilot, "web")
        await pilot.press("enter", "enter")
        await see(pilot, "deployment/web edited")


async def test_without_an_editor_it_is_said(open_app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_EDITOR", "/no/such/editor")
    app = open_app(world())
    async with app.run_test(size=SIZE) as pilot:
        await editing(pilot)
        await see(pilot, "can't be started")


async def test_secrets_say_why_not(open_app: Open) -> None:
    app = open_app(world())
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "1 cluster")
        await write(pilot, ":secrets")
        await pilot.press("enter")
        await see(pilot, "· 1 row")
        await write(pilot, "!")
        await see(pilot, "would write its values into files")
