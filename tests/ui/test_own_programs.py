"""A person's own programs: agreed to once, refused where nothing may change, noted, shown, ended."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from console.application import NavarchApp
from console.settings import Settings
from tests.ui.double import FleetDouble, SessionDouble
from tests.ui.seeing import gone, screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


def given(tmp_path: Path, **commands: dict[str, object]) -> Settings:
    settings = Settings(tmp_path / "settings.toml")
    for name, command in commands.items():
        settings.set(("commands", name), command)
    return settings


def python(code: str, *arguments: str, **more: object) -> dict[str, object]:
    return {"run": [sys.executable, "-c", code, *arguments], **more}


SHOW = "import sys; print('got', sys.argv[1:])"


async def one_pod(pilot: Pilot[None]) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, ":pods @prod-eu -n pay")
    await pilot.press("enter")
    await see(pilot, "10 rows")


async def agree(pilot: Pilot[None], *, downs: int = 2) -> None:
    await see(pilot, "not run before in this form", "Don't run it")
    await pilot.press(*["down"] * downs, "enter")


async def test_a_program_runs_after_a_yes_and_is_not_asked_about_again(
    open_app: Open, tmp_path: Path
) -> None:
    settings = given(tmp_path, show=python(SHOW, "{cluster}", "{namespace}", "{kind}", "{name}", key="f6"))
    session = SessionDouble()
    app = open_app(session, settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot)
        text = await see(pilot, "Ended well", "got ['prod-eu', 'pay', 'pod', 'api-000-")
        assert "esc close" in text
        await pilot.press("escape")
        await gone(pilot, "Ended well")
        await pilot.press("f6")
        await see(pilot, "Ended well")
    assert len(session.belongings.shown) == 1
    assert session.lines == [], "it changes nothing, so nothing is noted"


async def test_once_asks_again_and_enter_alone_runs_nothing(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=given(tmp_path, show=python(SHOW, "{name}", key="f6")))
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot, downs=0)
        await gone(pilot, "not run before")
        assert "Ended" not in screen_text(app)
        await pilot.press("f6")
        await agree(pilot, downs=1)
        await see(pilot, "Ended well")
        await pilot.press("escape", "f6")
        await see(pilot, "not run before in this form")


async def test_a_changed_command_is_asked_about_again(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, show=python(SHOW, "{name}", key="f6"))
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot)
        await see(pilot, "Ended well")
        await pilot.press("escape")
        settings.set(("commands", "show", "run"), [sys.executable, "-c", SHOW, "{name}", "more"])
        app.apply_settings()
        await pilot.press("f6")
        await see(pilot, "not run before in this form", "more")


async def test_the_list_shows_only_what_is_for_this_kind(open_app: Open, tmp_path: Path) -> None:
    settings = given(
        tmp_path,
        here=python(SHOW, "{name}", title="For pods", kinds=["po"]),
        there=python(SHOW, "{name}", title="For nodes", kinds=["Node"], key="f7"),
    )
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f7")
        await pilot.press("u")
        text = await see(pilot, "Your own programs", "For pods")
        assert "For nodes" not in text
        await pilot.press("enter")
        await see(pilot, "not run before in this form")


async def test_the_menu_of_an_object_lists_them_with_why_not(open_app: Open, tmp_path: Path) -> None:
    settings = given(
        tmp_path,
        here=python(SHOW, "{name}", title="For pods"),
        there=python(SHOW, "{name}", title="For nodes", kinds=["nodes"]),
    )
    app = open_app(settings=settings)
    async with app.run_test(size=(120, 60)) as pilot:
        await one_pod(pilot)
        await write(pilot, "!")
        await see(pilot, "For pods")
        await pilot.press("end")  # what can't be done stands last
        await see(pilot, "For nodes", "it is for nodes")


async def test_marked_rows_run_one_after_the_other(open_app: Open, tmp_path: Path) -> None:
    app = open_app(settings=given(tmp_path, show=python(SHOW, "{name}", key="f6")))
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("space", "space", "space", "f6")
        await agree(pilot)
        text = await see(pilot, "Ended well", "── prod-eu pay pod/api-006")
        assert text.count("got [") == 3


async def test_a_failure_and_its_exit_code_are_said(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, bad=python("import sys; print('oh'); sys.exit(7)", "{name}", key="f6"))
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot)
        await see(pilot, "oh", "— exit code 7")


async def test_escape_stops_it_first_and_leaves_then(open_app: Open, tmp_path: Path) -> None:
    code = "import time; print('begun', flush=True); time.sleep(600)"
    app = open_app(settings=given(tmp_path, slow=python(code, "{name}", key="f6")))
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot)
        await see(pilot, "begun", "x stop")
        await pilot.press("escape")
        await see(pilot, "Stopped", "— stopped")
        await pilot.press("escape")
        await gone(pilot, "Stopped")


async def test_what_changes_things_is_refused_read_only(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, touch=python(SHOW, "{name}", key="f6", changes=True))
    app = open_app(SessionDouble(read_only=True), settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await see(pilot, "changes things, and this console is read-only")
    session = SessionDouble(FleetDouble(read_only=True))
    app = open_app(session, settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await see(pilot, "changes things, and prod-eu is read-only")
    assert session.lines == []


async def test_what_changes_things_is_noted_before_and_after(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, touch=python("import sys; sys.exit(3)", "{name}", key="f6", changes=True))
    session = SessionDouble()
    app = open_app(session, settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot, downs=1)
        await see(pilot, "exit code 3")
        await pilot.press("escape")
        await until(pilot, lambda: len(session.lines) == 2)
        await pilot.press("f6")
        await see(pilot, "the cluster; the journal notes it", "Run it")
    started, ended = session.lines
    assert (started["act"], started["outcome"], started["cluster"]) == ("command touch", "started", "prod-eu")
    assert (ended["outcome"], ended["detail"]) == ("failed", "exit code 3")


async def test_a_protected_cluster_asks_for_the_name_each_time(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, touch=python(SHOW, "{name}", key="f6", changes=True))
    session = SessionDouble(FleetDouble(protected=True))
    app = open_app(session, settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await see(pilot, "A protected cluster. To confirm, type api-000")
        await pilot.press("enter", "down", "enter")
        await see(pilot, "first; nothing was run.")
        name = app.screen._jobs[0].ref.name  # type: ignore[attr-defined]
        await write(pilot, name)
        await pilot.press("enter", "enter")
        await see(pilot, "Ended well")
    assert len(session.lines) >= 1


async def test_a_kubeconfig_is_lent_for_the_run_and_gone_after_it(
    open_app: Open, tmp_path: Path, monkeypatch: object
) -> None:
    code = "import os, sys; print(open(sys.argv[1]).read(), os.environ['KUBECONFIG'] == sys.argv[1])"
    app = open_app(settings=given(tmp_path, kube=python(code, "{kubeconfig}", key="f6")))
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))  # type: ignore[attr-defined]
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await agree(pilot)
        await see(pilot, "kubeconfig of id-prod-eu True", "Ended well")
        await pilot.press("escape")
        await gone(pilot, "Ended well")
        await until(pilot, lambda: not list((tmp_path / "home").rglob("kubeconfig-*")))


async def test_a_program_that_is_not_there_is_said(open_app: Open, tmp_path: Path) -> None:
    settings = given(tmp_path, none={"run": ["no-such-program", "{name}"], "key": "f6"})
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        await one_pod(pilot)
        await pilot.press("f6")
        await see(pilot, "there is no program no-such-program")
