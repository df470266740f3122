"""A view kept by small steps is the same as one sorted and filtered from scratch."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.fleet import ordered
from backend.fleet import view as view_module
from backend.fleet.filter import PatternError
from backend.fleet.row import Row, table_columns
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


@settings(max_examples=150, deadline=None)
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
