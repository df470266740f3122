"""The search's screen: hits stream in, states are honest, esc ends it, the way back keeps what was found."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest

from backend.fleet.row import Row
from backend.fleet.search import Found
from backend.fleet.search_rows import Hit, hit_row, kind_of
from backend.fleet.search_terms import Search
from backend.kube.objects import ObjectMeta
from backend.kube.status import State, Status
from backend.resources import registry
from backend.text import safe_text
from console.application import NavarchApp
from tests.ui.double import NOW, SessionDouble, stamp
from tests.ui.seeing import screen_text, see, until, write
from tests.ui.test_pictures import SIZES, compare, fits

Open = Callable[..., NavarchApp]
SIZE = (120, 40)


class Script:
    """Stands where the search would be; the test says what clusters answer, and when."""

    def __init__(self) -> None:
        self.asked: list[Search] = []
        self.pieces: asyncio.Queue[Found | None] = asyncio.Queue()
        self.closed = 0

    async def search(self, clusters: Sequence[Any], wanted: Search) -> AsyncIterator[Found]:
        self.asked.append(wanted)
        self.clusters = {cluster.member.name: cluster for cluster in clusters}
        for cluster in clusters:
            cluster.clock_skew = 0.0
        try:
            while (piece := await self.pieces.get()) is not None:
                yield piece
        finally:
            self.closed += 1

    def finds(self, cluster: str, *names: str, kind: str = "pods", progress: float = 0.5) -> None:
        rows = tuple(self.row(cluster, name, kind) for name in names)
        status = Status(state=State.SYNCING, since=NOW, progress=progress)
        self.pieces.put_nowait(Found(cluster=self.clusters[cluster], status=status, rows=rows))

    def row(self, cluster: str, name: str, kind: str) -> Row:
        entry = registry.builtin(kind)
        assert entry is not None
        match = self.asked[-1].match(name)
        assert match is not None
        namespace = "pay" if entry.resource.namespaced else ""
        metadata = ObjectMeta(
            name=name,
            namespace=namespace,
            uid=f"uid-{namespace}-{name}",
            creation_timestamp=stamp(90),
            labels={"app": "api"},
        )
        return hit_row(Hit(metadata=metadata, match=match), self.clusters[cluster], kind_of(entry.resource))

    def ends(self, cluster: str, *, state: State = State.LIVE, detail: str = "") -> None:
        status = Status(state=state, since=NOW, detail=safe_text(detail))
        self.pieces.put_nowait(Found(cluster=self.clusters[cluster], status=status, done=True))

    def over(self) -> None:
        self.pieces.put_nowait(None)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    scripted = Script()
    monkeypatch.setattr("console.screens.search.search", scripted.search)
    return scripted


async def look_for(pilot: Any, script: Script, line: str = "api") -> None:
    await see(pilot, "3 clusters")
    before = len(script.asked)
    await pilot.press("ctrl+g")
    await see(pilot, ": search")
    await write(pilot, line)
    await pilot.press("enter")
    await until(pilot, lambda: len(script.asked) > before)


async def test_hits_stream_in_while_others_still_search(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await look_for(pilot, script, "api @prod-* -n pay")
        assert script.asked == [Search(term="api", clusters=("prod-*",), namespaces=("pay",))]
        await see(pilot, "Searching…", "searching 2 of 2 clusters", "@prod-*", "-n pay")
        script.finds("prod-eu", "api-1", "my-api")
        await see(pilot, "2 found", "api-1")
        script.finds("prod-us", "api", kind="services")
        text = await see(pilot, "3 found", "exact")
        places = [text.index(word) for word in (" exact", " prefix", " substring")]
        assert places == sorted(places)
        script.ends("prod-eu")
        await see(pilot, "searching 1 of 2 clusters")
        script.ends("prod-us")
        script.over()
        await see(pilot, "2/2 live")
        assert "searching" not in screen_text(app)


async def test_what_could_not_be_searched_is_said(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await look_for(pilot, script)
        script.ends("prod-eu", detail="forbidden: secrets, nodes")
        script.ends("prod-us", state=State.UNREACHABLE, detail="connection refused")
        script.ends("edge-7")
        script.over()
        await see(pilot, "Nothing was found: api", "S shows what", "1 cluster not searched", "2/3 live")
        await see(pilot, "1 cluster only in part")
        await pilot.press("S")
        await see(pilot, "UNREACHABLE", "connection refused")


async def test_esc_ends_the_search_and_keeps_what_was_found(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await look_for(pilot, script)
        script.finds("prod-eu", "api-1")
        await see(pilot, "1 found")
        await pilot.press("escape")
        await see(pilot, "ended early", "api-1", "0/3 live")
        assert script.closed == 1
        await pilot.press("S")
        await see(pilot, "STALE", "ended before this cluster was done")
        await pilot.press("escape")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: len(script.asked) == 2)
        await pilot.press("escape", "escape")
        await see(pilot, "3 clusters")


async def test_a_hit_opens_and_the_way_back_asks_nothing_again(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await look_for(pilot, script)
        pod = "api-000-6c9f7d8b5c-x0000"
        script.finds("prod-eu", pod, "api-other")
        for name in ("prod-eu", "prod-us", "edge-7"):
            script.ends(name)
        script.over()
        await see(pilot, "3/3 live")
        await pilot.press("enter")
        await see(pilot, "(describe)", "Containers")
        await pilot.press("escape")
        await see(pilot, "2 found", "api-other")
        assert len(script.asked) == 1


async def test_hits_are_filtered_copied_and_deleted_as_other_rows_are(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await look_for(pilot, script)
        script.finds("prod-eu", "api-000-6c9f7d8b5c-x0000", "api-web")
        script.ends("prod-eu")
        script.over()
        await see(pilot, "2 found")
        await pilot.press("slash")
        await write(pilot, "000")
        await pilot.press("enter")
        await see(pilot, "1 of 2 found")
        await pilot.press("D")
        await see(pilot, "Keep everything")


async def test_a_line_that_means_nothing_is_said(open_app: Open, script: Script) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        await write(pilot, ":search a b")
        await pilot.press("enter")
        await see(pilot, "a second name is given")
        await write(pilot, ":search")
        await pilot.press("enter")
        await see(pilot, ": search")
        assert not script.asked


async def test_the_line_completes_clusters_kinds_and_options(open_app: Open) -> None:
    app = open_app()
    async with app.run_test(size=SIZE) as pilot:
        await see(pilot, "3 clusters")
        offered = {
            "search api @prod": "@prod-eu",
            "search api --kind pods,dep": "pods,deployments",
            "search api --im": "--image",
        }
        for line, wanted in offered.items():
            assert wanted in app.complete(line).shown, line


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_screen(open_app: Open, script: Script, size: tuple[int, int]) -> None:
    app = open_app(SessionDouble())
    async with app.run_test(size=size) as pilot:
        await look_for(pilot, script)
        script.finds("prod-eu", "api", kind="deployments")
        script.finds("prod-eu", "api-000-6c9f7d8b5c-x0000", "my-api-gateway-with-quite-a-long-name")
        script.finds("edge-7", "api-node", kind="nodes", progress=0.25)
        script.ends("prod-eu", detail="forbidden: secrets")
        script.ends("prod-us", state=State.UNREACHABLE, detail="connection refused")
        await see(pilot, "4 found", "searching 1 of 3 clusters 25%")
        await pilot.pause()
        text = screen_text(app)
    fits(text, *size)
    compare(f"search-{size[0]}x{size[1]}", text)
