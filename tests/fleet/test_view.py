"""A view kept by small steps is the same as one sorted and filtered from scratch."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.fleet import arranging, ordered
from backend.fleet import view as view_module
from backend.fleet.filter import PatternError
from backend.fleet.row import Row, TableColumn, table_columns
from backend.fleet.view import TableView, UnknownColumn
from backend.resources.kind import Health
from backend.resources.kinds.pod import KIND
from tests.fleet.samples import batch, pod_row

COLUMNS = table_columns([KIND])


def filled(*rows: Row) -> TableView:
    view = TableView(COLUMNS)
    view.apply(batch(*rows))
    return view


def names(view: TableView) -> list[str]:
    return [str(row.name) for row in view.all()]


def test_columns() -> None:
    assert [c.name for c in COLUMNS][:7] == [
        "CLUSTER",
        "NAMESPACE",
        "NAME",
        "READY",
        "STATUS",
        "RESTARTS",
        "AGE",
    ]


def test_default_order_is_cluster_namespace_name() -> None:
    view = filled(pod_row("b"), pod_row("a"), pod_row("z", cluster="a"), pod_row("c", namespace="aa"))
    assert names(view) == ["z", "c", "a", "b"]


def test_sorting_by_a_column_both_ways() -> None:
    view = filled(pod_row("a", restarts=2), pod_row("b", restarts=10), pod_row("c", restarts=2))
    view.sort_by("restarts")
    assert names(view) == ["a", "c", "b"]
    view.sort_by("RESTARTS", descending=True)
    assert names(view) == ["b", "c", "a"]
    with pytest.raises(UnknownColumn) as caught:
        view.sort_by("COLOUR")
    assert "RESTARTS" in caught.value.advice


def test_filters_look_at_all_columns_in_either_case() -> None:
    view = filled(
        pod_row("api-1", status="CrashLoopBackOff"), pod_row("crash-test"), pod_row("db", cluster="crashland")
    )
    view.filter("crash")
    assert names(view) == ["db", "api-1", "crash-test"]
    view.filter("Crash")
    assert names(view) == ["api-1"]
    view.filter("crash", "TEST")
    assert names(view) == ["db", "api-1", "crash-test"]
    view.filter("crash", "test|land")
    assert names(view) == ["api-1"]
    with pytest.raises(PatternError):
        view.filter("(")
    assert names(view) == ["api-1"]


def test_a_pattern_that_would_never_end_elsewhere_ends() -> None:
    view = filled(pod_row("a" * 250 + "b"))
    view.filter("(a+)+$")
    assert names(view) == []


def test_problems_only_and_counts() -> None:
    sick = pod_row("sick", health=Health.FAILING)
    view = filled(sick, pod_row("well"), pod_row("soon", health=Health.PROGRESSING))
    view.show_problems(True)
    assert names(view) == ["sick"]
    view.apply(batch(pod_row("sick"), pod_row("well", health=Health.WARNING)))
    assert names(view) == ["well"]
    assert +view.counts == {Health.OK: 1, Health.WARNING: 1, Health.PROGRESSING: 1}


def test_the_cursor_finds_its_row_again() -> None:
    rows = [pod_row(f"p{number:02}", restarts=number) for number in range(30)]
    view = filled(*rows)
    view.sort_by("RESTARTS", descending=True)
    key = rows[3].key
    assert view.index_of(key) == 26
    view.apply(batch(pod_row("p03", restarts=99)))
    assert view.index_of(key) == 0
    view.filter("p2")
    assert view.index_of(key) is None
    assert view.row_at(0) is view.rows[rows[29].key]
    assert view.row_at(-1) is None
    assert view.row_at(10) is None


def test_marks_end_with_their_rows() -> None:
    row = pod_row("a")
    view = filled(row, pod_row("b"))
    view.toggle_mark(row.key)
    view.apply(batch(removed=(row.key,)))
    assert view.marks == set()


def test_deleted_and_made_again_under_one_name() -> None:
    old, new = pod_row("a", uid="1"), pod_row("a", uid="2")
    view = filled(old)
    view.apply(batch(new, removed=(old.key,)))
    assert [row.key for row in view.all()] == [new.key]
    view.apply(batch(pod_row("a", uid="3")))  # the deletion of "2" is still to come
    assert len(view) == 2
    view.apply(batch(removed=(new.key,)))
    assert [row.key[1] for row in view.all()] == ["3"]


statuses = st.sampled_from(["Running", "CrashLoopBackOff", "Pending"])
steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 25), statuses, st.integers(0, 3)), min_size=1, max_size=12
)


@settings(max_examples=150)
@given(
    history=st.lists(steps, max_size=12),
    sort=st.sampled_from(["", "STATUS", "RESTARTS", "NAME"]),
    descending=st.booleans(),
    match=st.sampled_from(["", "run", "p1"]),
    problems=st.booleans(),
    many=st.sampled_from([0.0, 0.25, 1000.0]),
    few=st.sampled_from([0, 64]),
)
def test_small_steps_end_where_one_step_would(
    history: list[list[tuple[bool, int, str, int]]],
    sort: str,
    descending: bool,
    match: str,
    problems: bool,
    many: float,
    few: int,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view_module, "_MANY", many)
        patch.setattr(ordered, "_FEW", few)
        view = TableView(COLUMNS)
        view.sort_by(sort, descending=descending)
        view.filter(match)
        view.show_problems(problems)
        truth: dict[tuple[str, str], Row] = {}
        for changes in history:
            changed, removed = {}, set()
            for remove, number, status, restarts in changes:
                health = Health.FAILING if status == "CrashLoopBackOff" else Health.OK
                row = pod_row(f"p{number}", status=status, restarts=restarts, health=health)
                if remove:
                    truth.pop(row.key, None)
                    changed.pop(row.key, None)
                    removed.add(row.key)
                else:
                    truth[row.key] = changed[row.key] = row
                    removed.discard(row.key)
            view.apply(batch(*changed.values(), removed=tuple(removed)))
            fresh = TableView(COLUMNS)
            fresh.sort_by(sort, descending=descending)
            fresh.filter(match)
            fresh.show_problems(problems)
            fresh.apply(batch(*truth.values()))
            assert view.all() == fresh.all()
            assert view.rows == truth
            assert +view.counts == +fresh.counts
            for index, row in enumerate(view.all()):
                assert view.index_of(row.key) == index
            assert view.window(1, 3) == view.all()[1:4]


def test_order_of_arrival_does_not_matter() -> None:
    rows = [pod_row(f"p{number}", restarts=number % 3) for number in range(200)]
    view = TableView(COLUMNS)
    view.sort_by("RESTARTS")
    shuffled = rows[:]
    random.Random(7).shuffle(shuffled)
    for at in range(0, len(shuffled), 37):
        view.apply(batch(*shuffled[at : at + 37]))
    assert names(view) == [str(row.name) for row in sorted(rows, key=lambda r: (r.item.restarts, r.place))]  # type: ignore[attr-defined]


def in_steps(view: TableView) -> list[None]:
    """The view arranges in steps from now on; what it asked for is noted."""
    asked: list[None] = []
    view.spread = lambda: asked.append(None)
    return asked


@settings(max_examples=150)
@given(
    rows=st.lists(st.tuples(statuses, st.integers(0, 5)), min_size=20, max_size=80),
    orders=st.lists(
        st.tuples(
            st.sampled_from(["", "STATUS", "RESTARTS", "NAME"]),
            st.booleans(),
            st.sampled_from(["", "run", "p1"]),
            st.integers(0, 12),
            steps,
        ),
        min_size=1,
        max_size=4,
    ),
    step=st.sampled_from([3, 7, 16]),
)
def test_an_order_made_in_steps_is_the_same_whatever_happens_meanwhile(
    rows: list[tuple[str, int]],
    orders: list[tuple[str, bool, str, int, list[tuple[bool, int, str, int]]]],
    step: int,
) -> None:
    """What is shown meanwhile is whole too: every row at its index, none that is gone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(view_module, "_MANY", 1000.0)
        patch.setattr(arranging, "STEP", step)
        patch.setattr(view_module, "STEP", step)
        patch.setattr(arranging, "SLICE", 2)
        first = [pod_row(f"p{n}", status=status, restarts=r) for n, (status, r) in enumerate(rows)]
        view, fresh = filled(*first), filled(*first)
        in_steps(view)
        for sort, descending, match, turns, changes in orders:
            for one in (view, fresh):
                one.sort_by(sort, descending=descending)
                one.filter(match)
            for remove, number, status, restarts in changes:
                row = pod_row(f"p{number}", status=status, restarts=restarts)
                change = batch(removed=(row.key,)) if remove else batch(row)
                for one in (view, fresh):
                    one.apply(change)
                for _ in range(turns):
                    view.arrange()
                shown = view.window(0, len(view))
                assert all(view.rows[row.key] is row for row in shown)
                assert [view.index_of(row.key) for row in shown] == list(range(len(shown)))
        while view.arrange():
            pass
        assert not view.arranging
        assert view.window(0, len(view)) == fresh.all()


class Compared:
    """A key that counts how often it is compared."""

    count = 0

    def __init__(self, value: Any) -> None:
        self.value = value

    def __lt__(self, other: Compared) -> bool:
        Compared.count += 1
        return bool(self.value < other.value)


@pytest.mark.parametrize(
    "value", [lambda n: n * 7919 % 2000, lambda n: n * 7919 % 2000 // 60, lambda n: int(n % 500 == 0)]
)
def test_no_step_of_arranging_takes_long(
    monkeypatch: pytest.MonkeyPatch, value: Callable[[int], int]
) -> None:
    """Rule 24, told by the comparisons of one turn; keys may be all different, or nearly all the same."""
    monkeypatch.setattr(arranging, "STEP", 200)
    monkeypatch.setattr(view_module, "STEP", 200)
    restarts = next(known for known in COLUMNS if known.name == "RESTARTS")
    counted: TableColumn = replace(restarts, key=lambda row: Compared(restarts.key(row)))
    view = TableView((*(known for known in COLUMNS if known.name != "RESTARTS"), counted))
    view.apply(batch(*(pod_row(f"p{n:04}", restarts=value(n)) for n in range(2000))))
    asked = in_steps(view)
    view.sort_by("RESTARTS")
    assert len(asked) == 1
    before = view.window(0, 2000)
    most = Compared.count = 0
    while view.arrange():
        most, Compared.count = max(most, Compared.count), 0
        assert view.window(0, 2000) == before
    assert most < 4000  # all at once: some 20,000
    keys = [restarts.key(row) for row in view.all()]
    assert keys == sorted(keys)
    assert len(keys) == 2000


def test_marks_and_exports_are_of_what_was_asked_for_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_module, "STEP", 1)
    view = filled(pod_row("api"), pod_row("db"))
    in_steps(view)
    view.filter("api")
    assert len(view) == 2  # not arranged yet
    view.mark_shown()
    assert set(view.marks) == {row.key for row in view.all()}
    assert names(view) == ["api"]
