"""What a feed makes of a reflector's calls."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.cluster import Cluster, Target
from backend.fleet.feed import Feed
from backend.fleet.row import Row, RowKey
from backend.fleet.states import FeedState, merged
from backend.kube.objects import ObjectMeta
from backend.kube.status import State, Status
from backend.resources import registry
from backend.resources.kind import Kind
from backend.resources.kinds.configmap import KIND, ConfigMap
from backend.text import SafeStr
from tests.fleet.samples import member


class Seen:
    """Remembers what the feed passed on."""

    def __init__(self) -> None:
        self.put_names: list[str] = []
        self.dropped: list[RowKey] = []
        self.reports = 0
        self.kinds: list[Kind] = []

    def put(self, row: Row) -> None:
        self.put_names.append(str(row.name))

    def drop(self, key: RowKey) -> None:
        self.dropped.append(key)

    def report(self, cluster_id: str) -> None:
        self.reports += 1

    def kind_known(self, kind: Kind) -> None:
        self.kinds.append(kind)


def item(name: str, *, uid: str = "", version: str = "1") -> ConfigMap:
    return ConfigMap(
        metadata=ObjectMeta(name=name, namespace="pay", uid=uid or name, resource_version=version), entries=1
    )


@pytest.fixture
def seen() -> Seen:
    return Seen()


def feed(seen: Seen, **more: Any) -> Feed:
    def never(of: object) -> Any:
        raise AssertionError("a feed dials nothing")

    target = Target(resource=KIND.resource, kind=KIND, decoder=registry.struct_decoder(KIND))
    return Feed(Cluster(member("eu"), connect=never), target, seen, namespace=None, **more)


def test_a_finished_list_deletes_what_is_not_in_it_and_repeats_nothing(seen: Seen) -> None:
    one = feed(seen)
    one.page([item("a"), item("b"), item("c")], done=3, total=3)
    one.replace([item("a"), item("c", version="2"), item("d")], resource_version="9")
    assert seen.put_names == ["a", "b", "c", "c", "d"]
    assert seen.dropped == [("id-eu", "b")]


def test_changes(seen: Seen) -> None:
    one = feed(seen)
    one.change("ADDED", item("a"))
    one.change("MODIFIED", item("a", version="2"))
    one.change("DELETED", item("a", version="3"))
    one.change("DELETED", item("never-seen"))
    assert seen.put_names == ["a", "a"]
    assert seen.dropped == [("id-eu", "a")]


def test_another_object_of_the_same_name_replaces_the_row(seen: Seen) -> None:
    one = feed(seen)
    one.change("ADDED", item("a", uid="1"))
    one.change("MODIFIED", item("a", uid="2"))  # the deletion was missed
    assert seen.dropped == [("id-eu", "1")]
    assert seen.put_names == ["a", "a"]


def test_names_are_chosen_by_globs(seen: Seen) -> None:
    one = feed(seen, names=("api-*", "db"))
    one.page([item("api-1"), item("web"), item("db"), item("dbx")], done=4, total=4)
    assert seen.put_names == ["api-1", "db"]


def status(state: State, detail: str = "", *, success: float | None = None) -> Status:
    return Status(state=state, since=0.0, detail=SafeStr(detail), last_success=success)


def test_many_namespaces_are_one_state() -> None:
    live, stale, no = (
        status(State.LIVE, success=9.0),
        status(State.STALE, "lost", success=3.0),
        status(State.FORBIDDEN),
    )

    def pods(namespace: str | None, said: Status, *, fallback: bool = False) -> FeedState:
        return FeedState(kind="pods", namespace=namespace, status=said, fallback=fallback)

    assert merged([pods("a", live)]) is live
    both = merged([pods("a", live), pods("b", stale)])
    assert (both.state, both.detail, both.covers, both.last_success) == (State.STALE, "lost", "", 3.0)
    partly = merged([pods("a", live), pods("b", no)])
    assert (partly.state, partly.covers) == (State.LIVE, "1 of 2 namespaces")
    assert partly.detail == "1 of 2 namespaces; forbidden in b"
    narrowed = merged([pods("a", live, fallback=True), pods("b", no, fallback=True)])
    assert narrowed.detail == (
        "only a (1 of 2 known namespaces): listing all namespaces is forbidden; forbidden in b"
    )
    alone = merged([pods("a", live, fallback=True)])
    assert (alone.covers, alone.detail) == (
        "1 namespace only",
        "only a: listing all namespaces is forbidden",
    )


def test_forbidden_everywhere_says_where_it_was_asked() -> None:
    def pods(namespace: str, why: str) -> FeedState:
        said = status(State.FORBIDDEN, why)
        return FeedState(kind="pods", namespace=namespace, status=said, fallback=True)

    nothing = merged([pods("a", "no pods in a"), pods("b", "no pods in b")])
    assert nothing.state is State.FORBIDDEN
    assert nothing.detail == "pods: forbidden in a, b, and everywhere at once. no pods in a"
    same = merged([pods("a", "we may not act as bob"), pods("b", "we may not act as bob")])
    assert same.detail == "we may not act as bob"


def test_kinds_that_are_forbidden_are_named_and_counted() -> None:
    live, no = status(State.LIVE), status(State.FORBIDDEN)
    said = merged(
        [
            FeedState(kind="pods", namespace=None, status=live),
            FeedState(kind="secrets", namespace=None, status=no),
            FeedState(kind="services", namespace="a", status=live, fallback=True),
            FeedState(kind="jobs.batch", namespace="a", status=live, fallback=True),
        ]
    )
    assert said.covers == "3 of 4 kinds"
    assert said.detail == (
        "forbidden: secrets; services, jobs.batch: only a: listing all namespaces is forbidden"
    )
