"""The history of views forgets the oldest, and nothing else moves."""

from __future__ import annotations

from backend.fleet.query import Query
from console.views import MOST_VIEWS, FleetView, History, ResourcesView


def test_the_oldest_views_are_forgotten() -> None:
    history = History()
    history.visit(FleetView())
    for number in range(3 * MOST_VIEWS):
        history.visit(ResourcesView(Query(kind=f"kind-{number}")))
    assert len(history.views) == MOST_VIEWS
    assert history.views[history.at] == ResourcesView(Query(kind=f"kind-{3 * MOST_VIEWS - 1}"))
    assert history.swap() == ResourcesView(Query(kind=f"kind-{3 * MOST_VIEWS - 2}"))
    assert history.swap() == ResourcesView(Query(kind=f"kind-{3 * MOST_VIEWS - 1}"))
    assert history.step(-1) == ResourcesView(Query(kind=f"kind-{3 * MOST_VIEWS - 2}"))
