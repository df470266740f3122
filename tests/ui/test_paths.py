"""The ways through the console by keys alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.fleet import arranging
from backend.fleet import view as view_module
from backend.fleet.view import TableView
from console.application import NavarchApp
from console.session import Gate
from console.settings import Settings
from tests.ui.double import FleetDouble, SessionDouble, pod, rows_of
from tests.ui.seeing import gone, screen_text, see, until, write

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


async def test_from_the_fleet_to_pods_to_one_pod_and_back(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "prod-eu", "v1.35.4")
        await pilot.press("enter")
        text = await see(pilot, "30 rows", "@edge-7")
        assert "all namespaces" in text
        await pilot.press("enter")
        await see(pilot, "(describe)", "Containers")
        await pilot.press("tab")
        await see(pilot, "(yaml)", "apiVersion: v1")
        await pilot.press("q")
        await see(pilot, "30 rows")
        await pilot.press("q")
        await see(pilot, "3 clusters")


async def test_keys_typed_ahead_go_where_they_were_meant(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        from textual import events

        for character in ":pods @prod-* -n pay /crash":
            key = {" ": "space", ":": "colon", "@": "at", "-": "minus", "*": "asterisk", "/": "slash"}.get(
                character
            )
            app.post_message(events.Key(key or character, character))
        app.post_message(events.Key("enter", "\r"))
        text = await see(pilot, "/crash", "@prod-*", "-n pay")
        await see(pilot, "of 20 rows")
        assert "edge-7" not in text


async def test_the_filter_works_as_it_is_typed_and_keeps_the_last_good_pattern(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await write(pilot, "/crash")
        await see(pilot, "6 of 90 rows")
        await write(pilot, "(")
        await see(pilot, "Not a pattern yet")
        assert "6 of 90 rows" in screen_text(app)
        await pilot.press("backspace", "enter")
        await see(pilot, "/crash")
        await pilot.press("escape")
        await see(pilot, "90 rows")
        assert "of 90 rows" not in screen_text(app)


async def test_history_goes_back_forward_and_to_the_last_view(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        for kind in ("pods", "secrets"):
            await write(pilot, f":{kind}")
            await pilot.press("enter")
            await see(pilot, f"fleet/{kind}")
        await pilot.press("left_square_bracket")
        await see(pilot, "fleet/pods")
        await pilot.press("right_square_bracket")
        await see(pilot, "fleet/secrets")
        await pilot.press("minus")
        await see(pilot, "fleet/pods")
        await pilot.press("minus")
        await see(pilot, "fleet/secrets")


async def test_a_line_that_can_not_be_read_says_why(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods --nonsense")
        await pilot.press("enter")
        await see(pilot, "there is no option --nonsense")
        await write(pilot, ":screen nowhere")
        await pilot.press("enter")
        await see(pilot, "There is no screen 'nowhere'")


async def test_completion_offers_kinds_and_takes_them_with_tab(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":deplo")
        await see(pilot, "deployments")
        await pilot.press("tab", "enter")
        await see(pilot, "fleet/deployments")


async def test_completion_knows_clusters_namespaces_and_columns(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await write(pilot, ":pods @pr")
        await see(pilot, "@prod-eu  @prod-us")
        await pilot.press("tab")
        await write(pilot, " -n k")
        await see(pilot, "kube-system")
        await pilot.press("tab")
        await write(pilot, " --sort RE")
        await see(pilot, "READY  RESTARTS")
        await pilot.press("tab", "tab", "enter")
        await see(pilot, "@prod-eu", "-n kube-system", "RESTARTS↑")


async def test_the_cursor_stays_on_its_object_when_rows_come_and_go(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        await pilot.press(*["down"] * 5)
        table = app.screen.table  # type: ignore[attr-defined]
        name = table.row.name
        live = session.fleet.latest("pods")
        fresh = rows_of("pods", [pod(f"aaa-{i}", "cart") for i in range(7)], cluster="prod-eu")
        live.push(*fresh)
        await see(pilot, "37 rows")
        assert table.row.name == name
        live.push(removed=[row.key for row in fresh[:3]])
        await see(pilot, "34 rows")
        assert table.row.name == name


async def test_a_changed_cell_glows_and_a_vanished_row_fades_for_a_second(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        table, live = app.screen.table, session.fleet.latest("pods")  # type: ignore[attr-defined]
        first = table.source.window(0, 1)[0]
        changed = rows_of(
            "pods", [pod(first.name, first.namespace, waiting="CrashLoopBackOff")], cluster="prod-eu"
        )
        live.push(*changed)
        await see(pilot, "CrashLoopBackOff")
        await until(pilot, lambda: table.changes.glowing(first.key) >= {"STATUS", "READY"})
        live.push(removed=[first.key])
        await until(pilot, lambda: table.changes.fading(first.key))
        assert first.name in screen_text(app)
        await gone(pilot, first.name)
        assert not table.changes.fading(first.key)


async def test_marks_ranges_and_all(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await pilot.press("space", "down", "down", "V")
        await see(pilot, "4 marked")
        await pilot.press("asterisk")
        await see(pilot, "90 marked")
        await pilot.press("asterisk")
        await gone(pilot, "marked")


async def test_order_by_a_column_and_turn_it(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        await write(pilot, "O")
        await see(pilot, "Order by")
        while "▸ RESTARTS" not in screen_text(app):
            await pilot.press("down")
        await pilot.press("enter")
        await see(pilot, "RESTARTS↑")
        await write(pilot, "O")
        await see(pilot, "Order by", "ascending")
        await pilot.press("enter")
        await see(pilot, "RESTARTS↓")
        first = app.screen.table.source.window(0, 1)[0]  # type: ignore[attr-defined]
        assert first.item.restarts == 6


async def test_many_rows_are_ordered_while_keys_have_their_turn(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old order stays on the screen, and works, until the new one is whole."""
    monkeypatch.setattr(view_module, "STEP", 7)
    monkeypatch.setattr(arranging, "STEP", 7)
    arrange, held = TableView.arrange, True
    monkeypatch.setattr(TableView, "arrange", lambda view: True if held else arrange(view))
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        table = app.screen.table  # type: ignore[attr-defined]
        before = table.source.window(0, 30)
        await write(pilot, "/crash")
        await until(pilot, lambda: app.screen.rows.arranging)  # type: ignore[attr-defined]
        assert table.source.window(0, 30) == before
        await pilot.press("enter", "j", "j")
        await until(pilot, lambda: table.row is before[2])
        held = False
        await see(pilot, "2 of 30 rows", "/crash")
        assert not app.screen.rows.arranging  # type: ignore[attr-defined]


async def test_a_pinned_list_is_kept_and_says_so(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        asked = app.screen.asked.query  # type: ignore[attr-defined]
        await write(pilot, "K")
        await see(pilot, "pinned", "stays live while you are elsewhere")
        assert app.fleet_now is not None
        assert app.fleet_now.views.pinned(asked)
        await pilot.press("q")
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows", "pinned")
        await write(pilot, "K")
        await gone(pilot, "rows · pinned")
        assert not app.fleet_now.views.pinned(asked)


async def test_problems_only_and_back(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "90 rows")
        await write(pilot, "z")
        await see(pilot, "problems only", "of 90 rows")
        await write(pilot, "z")
        await gone(pilot, "problems only")


async def test_unlock_refuses_a_wrong_passphrase_in_one_sentence(open_app: Open) -> None:
    session = SessionDouble(gate=Gate.LOCKED)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "the vault is locked")
        await write(pilot, "wrong")
        assert "wrong" not in screen_text(app)
        await pilot.press("enter")
        await see(pilot, "does not open the vault. Try again")
        await write(pilot, "correct horse")
        await pilot.press("enter")
        await see(pilot, "3 clusters", "An older copy of the vault")


async def test_lock_now_closes_everything_and_asks_again(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("ctrl+l")
        await see(pilot, "the vault is locked")
        await until(pilot, lambda: session.fleet.closed)
        assert not app.history.views


async def test_first_start_imports_after_review_and_makes_a_vault(open_app: Open) -> None:
    session = SessionDouble(gate=Gate.FIRST_START)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "Welcome to Navarch", "Try the demo fleet")
        await pilot.press("enter")
        text = await see(pilot, "Review before import", "Left out")
        assert "may run /usr/bin/aws" in text
        await pilot.press("down", "down", "space", "enter")
        await see(pilot, "A vault for your clusters")
        await write(pilot, "short")
        await pilot.press("enter", "enter")
        await see(pilot, "Too weak")
        await pilot.press("ctrl+u")
        await write(pilot, "correct horse battery staple")
        await pilot.press("enter")
        await write(pilot, "correct horse battery")
        await pilot.press("enter")
        await see(pilot, "not the same")
        await write(pilot, "correct horse battery staple")
        await pilot.press("enter")
        await see(pilot, "ABCD-EFGH-IJKL-MNOP")
        await pilot.press("enter")
        await see(pilot, "3 clusters", "clusters imported")
    decided = {decision.id: decision for decision in session.decisions}
    assert set(decided) == {"prod", "cloud"}
    assert decided["cloud"].approve_program
    assert not decided["prod"].approve_program


async def test_a_dangerous_cluster_needs_its_consent(open_app: Open) -> None:
    session = SessionDouble(gate=Gate.FIRST_START)
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "Welcome to Navarch")
        await pilot.press("enter")
        await see(pilot, "Review before import")
        await pilot.press("down", "down", "down", "space", "enter")
        await see(pilot, "switch the cluster off")
        await pilot.press("down", "space", "enter")
        await see(pilot, "A vault for your clusters")


async def test_delete_previews_then_deletes_with_preconditions_and_a_journal_line(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        name = app.screen.table.row.name  # type: ignore[attr-defined]
        await write(pilot, "D")
        await see(pilot, "Keep everything", f"Pod {name}")
        await pilot.press("enter")
        await gone(pilot, "Keep everything")
        client = session.fleet.client("id-prod-eu")
        assert client.deleted == []
        await write(pilot, "D")
        await see(pilot, "Keep everything")
        await pilot.press("down", "enter")
        await see(pilot, "deleted")
    assert client.deleted == [(name, f"uid-cart-{name}", "7")]
    assert [line["act"] for line in session.lines] == ["delete", "delete"]


async def test_a_protected_cluster_wants_the_name_typed(open_app: Open) -> None:
    session = SessionDouble(FleetDouble(protected=True))
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "protected")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        name = app.screen.table.row.name  # type: ignore[attr-defined]
        await write(pilot, "D")
        await see(pilot, "To confirm, type")
        await pilot.press("enter", "down", "enter")
        await see(pilot, "nothing was changed")
        client = session.fleet.client("id-prod-eu")
        assert client.deleted == []
        await write(pilot, str(name))
        await pilot.press("enter", "enter")
        await see(pilot, "deleted")
    assert [entry[0] for entry in client.deleted] == [name]


@pytest.mark.parametrize("read_only", ["console", "cluster"])
async def test_read_only_refuses_to_delete(open_app: Open, read_only: str) -> None:
    fleet = FleetDouble(read_only=True) if read_only == "cluster" else FleetDouble()
    session = SessionDouble(fleet, read_only=read_only == "console")
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        assert "delete" not in screen_text(app).splitlines()[-1]
        await write(pilot, "D")
        await pilot.pause()
        assert "Keep everything" not in screen_text(app)
        await write(pilot, "!")
        reason = "is marked read-only" if read_only == "cluster" else "was started read-only"
        await see(pilot, "What can be done", reason)
    assert fleet.client("id-prod-eu").deleted == []


async def test_secret_values_are_masked_until_one_is_revealed_and_noted(open_app: Open) -> None:
    session = SessionDouble()
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":secrets @prod-eu")
        await pilot.press("enter")
        await see(pilot, "Opaque")
        await write(pilot, "y")
        text = await see(pilot, "masked, 14 bytes")
        assert "aHVudGVyMi1jYW5hcnk=" not in text
        await write(pilot, "x")
        await see(pilot, "Reveal one value")
        await pilot.press("enter")
        text = await see(pilot, "aHVudGVyMi1jYW5hcnk=", "revealed: password")
        assert "masked, 4 bytes" in text
    assert session.noted == [("reveal", "prod-eu", "secrets/pay/db password")]


async def test_the_palette_finds_and_does(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("ctrl+p")
        await see(pilot, "Find")
        await write(pilot, "pods of prod-us")
        await pilot.press("enter")
        await see(pilot, "@prod-us", "30 rows")


async def test_help_lists_only_what_works_here(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=(120, 60)) as pilot:
        await see(pilot, "3 clusters")
        await pilot.press("question_mark")
        text = await see(pilot, "Keys that work here")
        assert "Import clusters from a kubeconfig" in text
        assert "Delete, with a preview" not in text
        await pilot.press("escape")
        await gone(pilot, "Keys that work here")


async def test_the_journal_is_listed_newest_first_and_opened(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, "J")
        await see(pilot, "2 lines", "cluster import")
        await pilot.press("enter")
        await see(pilot, "somebody changed it meanwhile")


async def test_find_in_text_and_walk_through_the_matches(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 rows")
        await write(pilot, "y")
        await see(pilot, "apiVersion")
        await write(pilot, "/name")
        await pilot.press("enter")
        await see(pilot, "match 1 of")
        await write(pilot, "n")
        await see(pilot, "match 2 of")
        await write(pilot, "N")
        await see(pilot, "match 1 of")


async def test_an_unforeseen_failure_is_said_and_its_place_is_a_key_away(open_app: Open) -> None:
    session = SessionDouble()

    async def journal() -> None:
        secret = "canary"
        raise RuntimeError(f"with {secret}")

    session.journal = journal  # type: ignore[method-assign, assignment]
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, "J")
        await see(pilot, "Unexpected: RuntimeError", "E error detail")
        await write(pilot, "E")
        text = await see(pilot, "What happened", "in journal")
        assert "canary" not in text


async def test_a_cluster_that_is_another_one_now_is_announced(open_app: Open) -> None:
    session = SessionDouble()
    session.strangers["id-prod-eu"] = "prod-eu is not the cluster it was"
    app = open_app(session)
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters", "prod-eu is not the cluster it was")


async def test_a_remapped_key_works_and_is_shown(open_app: Open) -> None:
    settings = Settings()
    settings.set(("keys", "help"), "f5")
    app = open_app(settings=settings)
    async with app.run_test(size=SIZE) as pilot:
        text = await see(pilot, "3 clusters", "f5 help")
        assert "? help" not in text
        await pilot.press("f5")
        await see(pilot, "Keys that work here")
