"""Which clusters a pattern means."""

from __future__ import annotations

import pytest

from backend.fleet.fleet import Fleet, NoSuchCluster
from backend.fleet.member import select
from tests.fleet.samples import member

FLEET = [
    member("prod-eu", tags=("prod", "eu"), groups=("Shops",)),
    member("prod-us", tags=("prod",)),
    member("edge-7"),
    member("prod-*", groups=("odd",)),
    member("arn:aws:eks:eu-1:12:cluster/x"),
]


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ([], [m.name for m in FLEET]),
        (["edge-7"], ["edge-7"]),
        (["prod-??"], ["prod-eu", "prod-us"]),
        (["prod-*"], ["prod-*"]),  # a cluster bears this very name
        (["#prod"], ["prod-eu", "prod-us"]),
        (["#e*"], ["prod-eu"]),
        (["Shops", "edge-7"], ["prod-eu", "edge-7"]),
        (["edge-7", "prod-eu"], ["prod-eu", "edge-7"]),
        (["arn:*/x"], ["arn:aws:eks:eu-1:12:cluster/x"]),
        (["id-edge-7"], ["edge-7"]),
    ],
)
def test_select(patterns: list[str], names: list[str]) -> None:
    assert [m.name for m in select(FLEET, patterns)[0]] == names


def test_a_pattern_without_a_cluster_is_told() -> None:
    assert select(FLEET, ["edge-7", "edge-8", "#none"])[1] == ["edge-8", "#none"]
    with pytest.raises(NoSuchCluster) as caught:
        Fleet(FLEET).select(["edge-8"])
    assert "edge-8" in caught.value.sentence
    assert "edge-7" in caught.value.advice
