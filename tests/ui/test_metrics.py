"""The metrics screen, and CPU and MEM in lists, on a fleet whose use the test writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.application import NavarchApp
from console.terminal.shadow import ShadowScreen
from console.widgets.chart import Chart, Mark, chart_lines
from console.widgets.paint import line_width, plain
from tests.ui.double import NOW, FleetDouble, SessionDouble, default_objects, stamp
from tests.ui.seeing import screen_text, see, until, write
from tests.ui.test_pictures import SIZES, compare, fits, without_pane

Open = Callable[..., NavarchApp]


def measured(*, podmetrics: bool = True) -> FleetDouble:
    """Pods that ask for 100m and 128Mi each, and use a part of it by their number; the first is at its
    limit."""
    objects = default_objects()
    for one in objects["pods"]:
        amounts = {"cpu": "100m", "memory": "128Mi"}
        one["spec"]["containers"][0]["resources"] = {"requests": amounts, "limits": {"memory": "128Mi"}}
    for one in objects["nodes"]:
        one["status"]["allocatable"] = {"cpu": "4", "memory": "8Gi"}
    if podmetrics:
        objects["podmetrics"] = [
            pod_use(one, cpu=f"{number + 1}m", memory="127Mi" if number == 0 else "64Mi")
            for number, one in enumerate(objects["pods"])
        ]
        objects["nodemetrics"] = [
            {
                "metadata": {"name": one["metadata"]["name"]},
                "timestamp": stamp(0.2),
                "window": "15s",
                "usage": {"cpu": "900m", "memory": "2Gi"},
            }
            for one in objects["nodes"][:2]
        ]
    return FleetDouble(objects)


def pod_use(pod: dict[str, Any], *, cpu: str, memory: str) -> dict[str, Any]:
    name, namespace = pod["metadata"]["name"], pod["metadata"]["namespace"]
    return {
        "metadata": {"name": name, "namespace": namespace},
        "timestamp": stamp(0.2),
        "window": "15s",
        "containers": [{"name": "main", "usage": {"cpu": cpu, "memory": memory}}],
    }


async def go(pilot: Any, line: str, *signs: str) -> str:
    await see(pilot, "3/3 live")
    await write(pilot, f":{line}")
    await pilot.press("enter")
    return await see(pilot, *signs)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_pictures(open_app: Open, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble(measured()), settings=without_pane())
    async with app.run_test(size=size) as pilot:
        await go(pilot, "screen metrics", "≥1.8", "request 3.0", "-5m", "main uses 127M")
        text = screen_text(app)
        fits(text, *size)
        compare(f"metrics-{size[0]}x{size[1]}", text)
        await write(pilot, ":top pods @prod-eu")
        await pilot.press("enter")
        await see(pilot, "30 of 30", "request 100m", "30m")
        compare(f"metrics-pods-{size[0]}x{size[1]}", screen_text(app))
        await pilot.press("z")
        await see(pilot, "1 of 30", "api-000", "main uses 127M")
        compare(f"metrics-pressure-{size[0]}x{size[1]}", screen_text(app))


async def test_levels_follow_each_other_and_a_row_leads_inside(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()))
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "screen metrics", "clusters · 3 of 3")
        await pilot.press("tab")
        await see(pilot, "nodes · 9 of 9", "node-1")
        await pilot.press("tab")
        await see(pilot, "namespaces · 9 of 9", "kube-system")
        await pilot.press("m")
        await see(pilot, "workloads · ", "-n ")
        await pilot.press("escape")
        await see(pilot, "namespaces · 9 of 9")
        await pilot.press("shift+tab", "shift+tab")
        await see(pilot, "clusters · 3 of 3")
        await pilot.press("m")
        await see(pilot, "nodes · 3 of 3", "22%")
        await pilot.press("enter")
        await see(pilot, "(describe)", "node-")


async def test_an_aspect_is_turned_on_and_off_and_a_filter_narrows(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()))
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "top pods @edge-7", "30 of 30")
        await pilot.press("z")
        await see(pilot, "1 of 30", "pressure", "main uses 127M of its limi")
        await pilot.press("z")
        await see(pilot, "30 of 30")
        await pilot.press("/")
        await write(pilot, "api-01")
        await pilot.press("enter")
        await see(pilot, "10 of 30", "/api-01")
        await pilot.press("escape")
        await see(pilot, "30 of 30")
        await pilot.press("x")
        await see(pilot, "Nothing is wasted, as far as it is known.")


async def test_paused_numbers_stand_still(open_app: Open) -> None:
    fleet = measured()
    app = open_app(SessionDouble(fleet))
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "top pods @prod-eu", "30 of 30")
        await pilot.press("f")
        await see(pilot, "paused at 14:13:20")
        table = fleet.latest("pods")
        gone = list(table.rows)[:5]
        table.push(removed=gone)
        await until(pilot, lambda: len(table.rows) == 25)
        assert "30 of 30" in screen_text(app)
        await pilot.press("f")
        await see(pilot, "25 of 25")


async def test_where_nothing_is_measured_the_reason_is_said(open_app: Open) -> None:
    app = open_app(SessionDouble(measured(podmetrics=False)))
    async with app.run_test(size=(120, 40)) as pilot:
        text = await go(
            pilot, "top pods @prod-eu", "not known in 1 cluster", "no metrics server is installed"
        )
        assert " 0m " not in text
        assert "get nodes/proxy is forbidden" in text


async def test_lists_show_use_and_order_by_it(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()), settings=without_pane())
    async with app.run_test(size=(160, 40)) as pilot:
        await go(pilot, "pods @prod-eu --sort cpu --desc", "30m", "64M")
        text = screen_text(app)
        first = next(line for line in text.split("\n") if "api-" in line)
        assert "api-029" in first
        await pilot.press("m")
        await see(pilot, "pods · 30 of 30", "@prod-eu")


async def test_the_fleet_leads_to_a_clusters_nodes(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()))
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "3/3 live", "prod-us")
        await pilot.press("m")
        await see(pilot, "nodes · 3 of 3")


async def test_a_line_that_names_no_level_is_about_clusters_and_a_wrong_one_is_said(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()))
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "top", "clusters · 3 of 3")
        await write(pilot, ":top nodes --wrong")
        await pilot.press("enter")
        await see(pilot, "--wrong")


async def test_the_detail_of_a_pod_tells_its_use(open_app: Open) -> None:
    app = open_app(SessionDouble(measured()), settings=without_pane())
    async with app.run_test(size=(120, 40)) as pilot:
        await go(pilot, "pods @prod-eu -n pay /api-000", "1 of 10 rows", "127M")
        await pilot.press("d")
        await see(pilot, "(describe)", "metrics")
        await pilot.press("tab", "tab", "tab")
        await see(pilot, "relations")
        await pilot.press("tab")
        text = await see(pilot, "99% of the limit of 128M", "above it is killed", "nodes/proxy is forbidden")
        assert "no limit" in text
        assert "ago by metrics.k8s.io" in text


# --- charts


def chart(*values: float, step: float = 15.0, marks: tuple[Mark, ...] = ()) -> Chart:
    points = [
        (NOW - step * back, value) for back, value in zip(range(len(values) - 1, -1, -1), values, strict=True)
    ]
    return Chart(
        title="CPU", points=points, start=NOW - 300, end=NOW, write=lambda v: f"{v:.2f}", marks=marks
    )


def drawn(made: Chart, width: int = 40, height: int = 9) -> list[str]:
    return [plain(line) for line in chart_lines(made, width, height)]


def test_a_line_rises_where_values_do() -> None:
    lines = drawn(chart(0.0, 1.0, 2.0, 3.0, 4.0, 5.0))
    rows = [line[8:] for line in lines[1:-2]]
    columns = [max(place for place, mark in enumerate(row) if mark != " ") for row in rows if row.strip()]
    assert columns == sorted(columns, reverse=True)
    assert lines[-1].split() == ["-5m", "now"]
    assert lines[0].startswith(" CPU 5.00")


def test_a_near_limit_is_a_dashed_line_and_a_far_one_is_only_told() -> None:
    near = drawn(chart(1.0, 1.0, marks=(Mark(label="limit", value=2.0),)))
    assert "╌" in "".join(near[1:-2])
    far = drawn(chart(1.0, 1.0, marks=(Mark(label="limit", value=50.0),)))
    assert "╌" not in "".join(far[1:-2])
    assert "limit 50.00 (above)" in far[0]


def test_where_nothing_is_known_the_line_is_broken() -> None:
    points = [(NOW - at, 1.0) for at in (300, 285, 270, 60, 45, 30)]
    made = Chart(title="CPU", points=points, start=NOW - 300, end=NOW, write=str)
    (row,) = [line for line in drawn(made, 80) if "\u2800" < max(line) <= "\u28ff"]
    middle = row[len(row) // 3 : len(row) // 2]
    assert not middle.strip()


def test_without_points_the_reason_stands_there() -> None:
    made = Chart(title="CPU", points=[], start=0, end=1, write=str, why="no metrics server is installed")
    assert "no metrics server is installed" in "\n".join(drawn(made, 60))


@given(
    st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(0, 1e18) | st.just(float("nan"))), max_size=30),
    st.integers(8, 90),
    st.integers(4, 20),
)
def test_a_chart_keeps_inside_its_cells(points: list[tuple[float, float]], width: int, height: int) -> None:
    made = Chart(title="x", points=sorted(points), start=-1e9, end=1e9, write=lambda v: f"{v:.0f}")
    lines = chart_lines(made, width, height)
    assert len(lines) <= max(height, 4)
    assert all(line_width(line) <= width for line in lines)


def test_a_terminal_without_unicode_gets_dots() -> None:
    text = ShadowScreen(unicode=False).reduce("\x1b[1;1H⠉⣀⣿⠀▁▄█")
    assert "'.: _=#" in text
