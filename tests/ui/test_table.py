"""The table: which columns fit, how much it draws, that a hundred thousand rows cost what fifty do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fleet.batch import Batch
from backend.fleet.row import table_columns
from backend.fleet.view import TableView
from backend.kube.status import State, Status
from backend.resources.kinds.pod import KIND as POD
from backend.text import SafeStr, cells, safe_text
from console.application import NavarchApp
from console.screens.resources import ResourcesScreen
from console.view_source import ViewSource
from console.widgets.table_layout import GUTTER, curtail, lay_out, squeeze
from console.widgets.table_source import GridColumn
from tests.ui.double import FleetDouble, SessionDouble, live, pod, rows_of
from tests.ui.seeing import screen_text, see, write


def column(name: str, *, priority: int = 1, pinned: bool = False, min_width: int = 4) -> GridColumn:
    return GridColumn(
        name=name, text=lambda row, now: row, priority=priority, pinned=pinned, min_width=min_width
    )


COLUMNS = [
    column("CLUSTER", pinned=True, min_width=7),
    column("NAMESPACE", priority=2, min_width=9),
    column("NAME", priority=0, pinned=True, min_width=12),
    column("READY"),
    column("STATUS", priority=0, min_width=10),
    column("NODE", priority=3),
]
WANTED = {"CLUSTER": 9, "NAMESPACE": 12, "NAME": 40, "READY": 5, "STATUS": 17, "NODE": 20}


@given(
    width=st.integers(20, 300),
    skip=st.integers(0, 6),
    wanted=st.lists(st.integers(0, 80), min_size=6, max_size=6),
)
def test_a_layout_never_exceeds_its_width(width: int, skip: int, wanted: list[int]) -> None:
    sizes = {c.name: w for c, w in zip(COLUMNS, wanted, strict=True)}
    layout = lay_out(COLUMNS, sizes, width, skip=skip)
    used = sum(placed.width for placed in layout.placed) + layout.gap * len(layout.placed)
    assert layout.placed
    assert used + GUTTER + 1 <= width or len(layout.placed) <= 2
    assert layout.hidden_left + layout.hidden_right + len(layout.placed) == len(COLUMNS)


def test_narrow_tables_drop_what_matters_least_and_say_so() -> None:
    wide, narrow = lay_out(COLUMNS, WANTED, 160), lay_out(COLUMNS, WANTED, 64)
    assert [placed.column.name for placed in wide.placed] == [c.name for c in COLUMNS]
    names = [placed.column.name for placed in narrow.placed]
    assert "NODE" not in names
    assert {"CLUSTER", "NAME", "STATUS"} <= set(names)
    assert narrow.hidden_right == len(COLUMNS) - len(names)


def test_the_hidden_columns_are_reached_sideways() -> None:
    layout = lay_out(COLUMNS, WANTED, 64, skip=2)
    names = [placed.column.name for placed in layout.placed]
    assert names[:2] == ["CLUSTER", "NAME"]
    assert "NAMESPACE" not in names
    assert layout.hidden_left == 2


@given(st.text(max_size=60), st.integers(1, 50), st.booleans())
def test_squeezed_text_has_exactly_its_width(text: str, width: int, middle: bool) -> None:
    assert cells(squeeze(safe_text(text), width, middle=middle)) == width


def test_a_sparkline_is_shortened_from_its_oldest_end() -> None:
    text = SafeStr("12m ▁▂▃▄▅▆")
    assert curtail(text, 7, room=7) == text
    assert curtail(text, 7, room=5) == "12m ▃▄▅▆"
    assert curtail(text, 7, room=3) == "12m ▅▆"
    assert curtail(text, 7, room=2) == curtail(text, 7, room=-3) == "12m"
    assert curtail(SafeStr("-"), 7, room=0) == "-"


def test_a_name_keeps_its_end() -> None:
    assert squeeze(SafeStr("api-6c9f7d8b5c-x2x8q"), 12, middle=True) == "api-6c…x2x8q"


@pytest.mark.parametrize("state", [State.UNREACHABLE, State.FORBIDDEN, State.AUTH])
async def test_nothing_is_said_of_what_no_cluster_told(
    open_app: Callable[..., NavarchApp], state: State
) -> None:
    fleet = FleetDouble(
        {"pods": [], "nodes": [], "events": [], "secrets": []},
        names=("prod-eu",),
        statuses={"id-prod-eu": Status(state=state, since=0.0, detail=safe_text("so it is"))},
    )
    app = open_app(SessionDouble(fleet))
    async with app.run_test(size=(120, 30)) as pilot:
        await see(pilot, "1 cluster")
        await write(pilot, ":pods")
        await pilot.press("enter")
        shown = await see(pilot, "Whether there are pods here is not known", "so it is")
        assert "There are no" not in shown


async def test_a_hundred_thousand_rows_cost_what_fifty_do(open_app: Callable[..., NavarchApp]) -> None:
    """No time is asserted: what is counted is how many rows are asked for."""
    session = SessionDouble(
        FleetDouble({"pods": [], "nodes": [], "events": [], "secrets": []}, names=("prod-eu",))
    )
    app = open_app(session)
    async with app.run_test(size=(160, 50)) as pilot:
        await see(pilot, "1 cluster")
        await write(pilot, ":pods")
        await pilot.press("enter")
        await see(pilot, "There are no pods here")
        [row] = rows_of("pods", [pod("p", "pay")], cluster="prod-eu")
        from msgspec import structs

        rows = [
            structs.replace(row, key=("id-prod-eu", str(i)), place=("prod-eu", "pay", f"p-{i:06d}"))
            for i in range(100_000)
        ]
        session.fleet.latest("pods").push(*rows)
        await see(pilot, "100,000 rows")
        table = app.screen.table  # type: ignore[attr-defined]
        asked: list[int] = []
        window = table.source.window

        def counted(top: int, height: int) -> object:
            asked.append(height)
            return window(top, height)

        table.source.window = counted
        for key in ("pagedown", "end", "home", "down", "pageup"):
            await pilot.press(key)
        assert "1 of 100,000" in screen_text(app)
        assert max(asked) <= 3 * table.page
        assert sum(asked) < len(table.source) / 5  # a busy machine lets more seconds tick meanwhile


def view_of(count: int) -> TableView:
    view = TableView(table_columns([POD]))
    pods = [pod(f"p-{i:05d}", "pay", restarts=i) for i in range(count)]
    view.apply(Batch(changed=tuple(rows_of("pods", pods, cluster="prod-eu")), statuses=live("prod-eu")))
    return view


def test_the_source_orders_both_ways_and_finds_by_key() -> None:
    source = ViewSource(view_of(50))
    source.order("RESTARTS", descending=True)
    first = source.window(0, 1)[0]
    assert first.item.restarts == 49
    assert source.sort == "RESTARTS"
    assert source.index_of(first.key) == 0
    source.order("RESTARTS", descending=False)
    assert source.index_of(first.key) == 49


@pytest.mark.parametrize("key", ["CLUSTER", "NAME"])
def test_the_pinned_columns_come_first_and_stay(key: str) -> None:
    found = {c.name: c for c in ViewSource(view_of(1)).columns}
    assert found[key].pinned
    assert next(iter(found)) == "CLUSTER"


@given(st.integers(40, 200))
def test_an_age_is_whole_or_not_there(width: int) -> None:
    columns = (*COLUMNS[:3], replace(column("AGE", priority=2), align="right"))
    layout = lay_out(columns, {**WANTED, "AGE": len("12d23h")}, width)
    assert all(p.width >= len("12d23h") for p in layout.placed if p.column.name == "AGE")


def test_what_stands_in_brackets_is_whole_or_not_there() -> None:
    restarts = safe_text("33 (3m20s ago)")
    assert squeeze(restarts, 14, align="right") == restarts
    assert squeeze(restarts, 8, align="right") == "      33"
    assert squeeze(safe_text("0123456789"), 8, align="right") == "0123456…"


async def test_a_kind_that_no_cluster_has_is_said_to_be_none(open_app: Callable[..., NavarchApp]) -> None:
    why = safe_text("there is no kind 'nosuchkind' that can be listed (did you mean suchkinds?)")
    statuses = {
        f"id-{n}": Status(state=State.NOT_FOUND, since=0, detail=why)
        for n in ("prod-eu", "prod-us", "edge-7")
    }
    app = open_app(SessionDouble(FleetDouble(statuses=statuses)))
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":nosuchkind")
        await pilot.press("enter")
        shown = await see(pilot, "No cluster here has a kind called 'nosuchkind'.", "tab completes kinds")
        assert shown.count("did you mean suchkinds?") == 1  # all clusters say the same
        assert "not known" not in shown


async def test_columns_stand_still_while_paging(open_app: Callable[..., NavarchApp]) -> None:
    """Wider rows further down are known before they are seen."""
    pods = [pod(f"a-{number:03d}", "pay") for number in range(120)]
    pods += [pod(f"b-{number:03d}-{'long' * 3}", "kube-system", waiting="Waiting") for number in range(120)]
    app = open_app(SessionDouble(FleetDouble({"pods": pods, "nodes": []})))
    async with app.run_test(size=(120, 30)) as pilot:
        await see(pilot, "3/3 live")
        await write(pilot, ":pods --sort name")
        await pilot.press("enter")
        await see(pilot, "720 rows", "a-000")
        table = cast("ResourcesScreen", app.screen).table
        before = table._layout
        for key in ("pagedown", "G", "pageup", "g"):
            await pilot.press(key)
            await pilot.pause()
            assert table._layout == before
        await pilot.press("G")
        await see(pilot, "b-119-longlonglong")
