"""What a row of the fleet says: health, concerns, skew, expiry, filters."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from backend.fleet.counts import Resources
from backend.fleet.expiry import SOON, TOKEN_SOON, Expiry, credentials_of
from backend.fleet.marks import BadMark, Marks, checked_word
from backend.fleet.skew import behind, kubelet_warning, minor_of, spread
from backend.fleet.summary import ClusterSummary, SummaryFilter, problems_first
from backend.fleet.summary_columns import COLUMNS, column, cores, left, memory
from backend.kube.access import ClusterAccess
from backend.kube.status import State, Status
from backend.resources.kind import Health
from backend.secret import Secret
from backend.text import safe_text
from tests.fleet.samples import member, token
from tests.kube.pki import Authority

NOW = 1_790_000_000.0
LIVE = Status(state=State.LIVE, since=NOW)
WELL = ClusterSummary(
    id="a", name=safe_text("a"), status=LIVE, nodes=3, nodes_ready=3, pods=9, pods_failing=0, seen=NOW - 40
)


@pytest.mark.parametrize(
    ("change", "health"),
    [
        ({}, Health.OK),
        ({"nodes_ready": 2}, Health.WARNING),
        ({"pods_failing": 1}, Health.WARNING),
        ({"nodes": None, "nodes_ready": None}, Health.OK),
        ({"status": replace(LIVE, state=State.SYNCING)}, Health.PROGRESSING),
        ({"status": replace(LIVE, state=State.STALE)}, Health.WARNING),
        ({"status": replace(LIVE, state=State.FORBIDDEN)}, Health.WARNING),
        ({"status": replace(LIVE, state=State.UNREACHABLE)}, Health.FAILING),
        ({"status": replace(LIVE, state=State.AUTH)}, Health.FAILING),
        ({"expiry": Expiry(token=NOW - 1)}, Health.FAILING),
        ({"expiry": Expiry(client_certificate=NOW + SOON - 1)}, Health.WARNING),
        ({"expiry": Expiry(client_certificate=NOW + SOON + 1)}, Health.OK),
        ({"expiry": Expiry(token=NOW + TOKEN_SOON + 1)}, Health.OK),
        ({"version": "v1.35.1", "kubelets": (("v1.31.0", 1),)}, Health.WARNING),
    ],
)
def test_health(change: dict[str, object], health: Health) -> None:
    assert replace(WELL, **change).health(NOW) is health  # type: ignore[arg-type]


def test_who_needs_somebody_comes_first() -> None:
    broken = replace(WELL, name=safe_text("z"), status=replace(LIVE, state=State.UNREACHABLE))
    failing = replace(WELL, name=safe_text("y"), pods_failing=1)
    assert problems_first([WELL, failing, broken], now=NOW) == [broken, failing, WELL]


def test_concerns_are_told_with_the_states_reason() -> None:
    odd = replace(
        WELL,
        status=replace(LIVE, detail=safe_text("only pay")),
        nodes_ready=1,
        pods_failing=1,
        expiry=Expiry(client_certificate=NOW + 3600, server_certificate=NOW - 5),
    )
    assert odd.detail(NOW) == (
        "only pay; its client certificate expires in 60m; the server's certificate expired; "
        "2 of 3 nodes not ready; 1 pod failing"
    )


@pytest.mark.parametrize(
    ("server", "kubelets", "words"),
    [
        ("v1.35.4", (("v1.35.4", 3), ("v1.32.0", 1)), ""),
        ("v1.35.4", (("v1.31.9", 2), ("v1.30.0", 1)), "3 nodes run kubelets up to 5 minor versions behind"),
        ("v1.35.4", (("v1.36.0", 1),), "1 node runs a kubelet newer than the server"),
        ("v1.26.0", (("v1.24.0", 1),), ""),
        ("v1.27.0", (("v1.24.0", 1),), "1 node runs a kubelet up to 3 minor versions behind"),
        ("v1.35.4+k3s1", (("v1.35.4-eks-1", 1), ("unreadable", 1)), ""),
        ("", (("v1.1.0", 1),), ""),
    ],
)
def test_kubelets_and_their_server(server: str, kubelets: tuple[tuple[str, int], ...], words: str) -> None:
    said = kubelet_warning(server, kubelets)
    assert said.startswith(words)
    assert bool(said) is bool(words)


def test_how_far_the_fleet_lies_apart() -> None:
    assert minor_of("v1.35.4+k3s1") == (1, 35)
    assert minor_of("banana") is None
    assert behind("v1.31.0", ["v1.31.0", "v1.35.2", ""]) == 4
    assert behind("", ["v1.35.2"]) is None
    assert spread(["v1.35.1", "v1.35.4", ""]) == ""
    assert spread(["v1.35.1", "v1.33.4"]) == "v1.33 – v1.35"
    assert spread(["v1.35.1", "v1.32.4"]) == "v1.32 – v1.35: no one kubectl suits all"


def test_expiry_of_what_is_configured() -> None:
    ends = datetime(2030, 1, 2, tzinfo=UTC)
    authority = Authority()
    pair = authority.client("jane")
    access = ClusterAccess(id="id-a", name="a", server="https://192.0.2.1", token=Secret(token(ends)))
    certified = replace(access, token=None, client_cert_pem=pair.cert_pem, client_key_pem=pair.key_pem)
    opaque = replace(access, token=Secret("opaque"), client_cert_pem=b"-----BEGIN nonsense")
    members = [
        replace(member("a"), id=str(place), access=one)
        for place, one in enumerate((access, certified, opaque))
    ]
    found = credentials_of(members)
    assert found["0"] == Expiry(token=ends.timestamp())
    assert found["1"].client_certificate == pair.cert.not_valid_after_utc.timestamp()
    assert found["2"] == Expiry()
    assert Expiry().first is None
    assert not Expiry().over(NOW)


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({}, "abc"),
        ({"match": "#prod"}, "ab"),
        ({"match": "@core"}, "b"),
        ({"match": "unreachable"}, "c"),
        ({"not_match": "#prod"}, "c"),
        ({"problems_only": True}, "c"),
        ({"match": "read-only|protected"}, "a"),
    ],
)
def test_filters(filters: dict[str, object], kept: str) -> None:
    clusters = [
        replace(WELL, name=safe_text("a"), tags=(safe_text("prod"),), protected=True),
        replace(WELL, name=safe_text("b"), tags=(safe_text("prod"),), groups=(safe_text("core"),)),
        replace(WELL, name=safe_text("c"), status=replace(LIVE, state=State.UNREACHABLE)),
    ]
    assert "".join(one.name for one in SummaryFilter(**filters).keep(clusters, now=NOW)) == kept  # type: ignore[arg-type]


def test_every_column_says_something_of_the_least_and_the_most_that_can_be_known() -> None:
    nothing = ClusterSummary(
        id="x", name=safe_text("x"), status=Status(state=State.SYNCING, since=NOW, progress=0.4)
    )
    full = replace(
        WELL,
        version="v1.35.4",
        behind=2,
        kubelets=(("v1.33.0", 1), ("v1.35.4", 2)),
        room=Resources(cpu=48, memory=192 * 2**30),
        used=Resources(cpu=13.5, memory=96 * 2**30),
        expiry=Expiry(token=NOW + 3 * 86400 + 5),
    )
    shown = {one.name: (one.text(nothing, NOW), one.text(full, NOW)) for one in COLUMNS}
    assert shown["STATE"] == ("SYNCING 40%", "LIVE")
    assert shown["NODES"] == ("…", "3")
    assert shown["CPU"] == ("…", "28%")
    assert shown["MEMORY"] == ("…", "96G/192G")
    assert shown["KUBELETS"] == ("", "v1.33.0–v1.35.4")
    assert shown["EXPIRES"] == ("–", "3d")
    assert shown["SEEN"] == ("", "40s")
    assert shown["BEHIND"] == ("", "2")
    for one in COLUMNS:
        assert sorted([one.key(full, NOW), one.key(full, NOW)])
        one.key(nothing, NOW)
    assert column("cpu") is not None
    assert column("colour") is None
    refused = replace(nothing, no_metrics=safe_text("no right"), no_nodes=safe_text("no right"))
    assert {one.name: one.text(refused, NOW) for one in COLUMNS}["CPU"] == "–"
    assert {one.name: one.text(refused, NOW) for one in COLUMNS}["NODES"] == "–"


def test_short_units() -> None:
    assert [cores(0.04), cores(12.5), cores(320.0)] == ["0.0", "12.5", "320"]
    assert [memory(96 * 2**20), memory(1.5 * 2**30), memory(2 * 2**40)] == ["96M", "1.5G", "2.0T"]
    assert [left(NOW - 1, NOW), left(NOW + 7200, NOW), left(None, NOW)] == ["expired", "120m", "–"]


def test_marks_say_what_they_change() -> None:
    marks = Marks(add_tags=("eu",), drop_groups=("old",), protected=True, read_only=False)
    assert marks.told == "add #eu; drop @old; protected; not read-only"
    assert marks.tags(("prod", "eu")) == ("prod", "eu")
    assert marks.groups(("old", "core")) == ("core",)
    assert Marks().idle
    assert not marks.idle


def test_words_that_mean_something_else_can_be_no_marks() -> None:
    assert checked_word(" #eu-west.1 ") == "#eu-west.1"
    assert checked_word("core", sigil="@") == "@core"
    for bad in ("core", "#", "#a,b", "#a b", "#*", "#-rf", "#a\x1b[31m", "#" + "x" * 64):
        with pytest.raises(BadMark):
            checked_word(bad)
    with pytest.raises(BadMark):
        checked_word("#core", sigil="@")
