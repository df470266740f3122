"""Every state that is not as it should be is explained, with the next step."""

from __future__ import annotations

import pytest

from blockengine.control.explain import explain, explain_pool, overall
from blockengine.control.model import Attachment, Process, Volume
from blockengine.protocol.admin import Progress
from tests.blockengine.control.samples import GIB, pool, replica, volume

POOLS = [pool("a"), pool("b"), pool("c")]


def told(sick: Volume, *, pools: object = POOLS, lineages: tuple[str, ...] = ("l",)) -> str:
    found = explain(sick, pools, lineages)  # type: ignore[arg-type]
    assert all(one.what and one.why and one.next for one in found), found
    return "\n".join(f"{one.severity}: {one.what} | {one.why} | {one.next}" for one in found)


def with_second(**more: object) -> Volume:
    second = replica("r2", pool="b", **more)
    return volume(replica("r1"), second, replica("r3", pool="c"), health="degraded")


def test_of_a_healthy_volume_there_is_nothing_to_say() -> None:
    assert told(volume()) == ""


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"role": "out-of-sync", "trouble": "the connection was closed"},
            "r2 is out-of-sync | the connection",
        ),
        ({"role": "out-of-sync"}, "It missed writes"),
        ({"role": "blank"}, "lost its state"),
        ({"role": "unknown"}, "replica remove demo r2"),
        ({"role": "out-of-sync", "trouble": "r2 failed for good: EIO"}, "no longer trusts its disk"),
        (
            {"role": "missing", "trouble": "pool b was removed", "pool": ""},
            "r2 is missing | pool b was removed",
        ),
        ({"role": "refused", "trouble": "r2 was made on machine x, not here"}, "recover --moved"),
        ({"role": "refused", "trouble": "header: format 9; this program reads 1"}, "Use the newer navarch"),
        ({"role": "refused", "trouble": "both copies are damaged"}, "replica rebuild demo r2"),
        ({"process": Process("waiting", words="it was killed")}, "does not run | it was killed"),
        ({"trouble": "no answer within 8 s"}, "does not answer"),
    ],
)
def test_a_replica_that_is_not_well(more: dict[str, object], words: str) -> None:
    fields = dict(more)
    where = fields.pop("pool", "b")
    sick = volume(
        replica("r1"), replica("r2", pool=str(where), **fields), replica("r3", pool="c"), health="degraded"
    )
    assert words in told(sick)


@pytest.mark.parametrize("state", ["read-only", "failing", "vanished", "foreign", "full"])
def test_a_sick_pool_is_named_as_the_cause(state: str) -> None:
    pools = [pool("a"), pool("b", state=state, reason="the reason"), pool("c")]
    assert f"pool b is {state}: the reason" in told(with_second(role="out-of-sync"), pools=pools)
    [finding] = explain_pool(pools[1])
    assert (finding.severity, finding.why) == ("failing", "the reason")
    assert finding.next


def test_a_rebuild_says_how_far_it_is() -> None:
    sick = volume(
        replica("r1"),
        replica("r2", pool="b", role="joining"),
        replica("r3", pool="c"),
        health="rebuilding",
        work=[Progress("rebuild", "r2", GIB, 4 * GIB, 1e8, 30.0)],
    )
    assert "1 GiB of 4 GiB copied, 30 s left" in told(sick)


def test_without_a_majority_it_says_who_is_away_and_what_would_be_dangerous() -> None:
    away = Process("waiting", words="it was killed")
    sick = volume(
        replica("r1"),
        replica("r2", pool="b", process=away),
        replica("r3", pool="c", process=away),
        health="suspended",
        state="suspended",
    )
    words = told(sick)
    assert words.startswith("failing: reads and writes wait: 1 of 3 voters run")
    assert "Away: r2, r3" in words
    assert "by force" in words


def test_two_lineages_want_a_person() -> None:
    assert "2 lineages (l, m)" in told(volume(health="failed"), lineages=("l", "m"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"health": "suspended", "state": "suspended", "words": "the lease"},
            "reads and writes wait | No member",
        ),
        ({"health": "failed", "state": "down", "words": "it ends"}, "ends again and again"),
        (
            {"health": "failed", "controller": Process("waiting", words="it was made to be filled: say")},
            "a clone that was never begun to be filled",
        ),
        (
            {
                "health": "starting",
                "state": "waiting",
                "words": "waits: another controller's lease has not run out",
            },
            "waits for the lease of another controller",
        ),
        ({"health": "starting", "state": "waiting", "words": "waits: nobody"}, "it is starting"),
        ({"health": "starting", "state": "settling"}, "it is settling"),
        (
            {"attachment": Attachment("/dev/loop9", "nbdfuse", "broken", 0, "it ended")},
            "/dev/loop9 gives errors",
        ),
        (
            {"attached_snapshots": [Attachment("/dev/loop9", "nbdfuse", "broken", 0, "it ended", "monday")]},
            "navarch engine volume detach demo@monday",
        ),
    ],
)
def test_the_volume_as_a_whole(more: dict[str, object], words: str) -> None:
    assert words in told(volume(**more))


def test_replicas_that_would_die_together() -> None:
    same = [pool("a", device="1"), pool("b", device="1"), pool("c", device="1")]
    assert "on one file system" in told(volume(), pools=same)


def test_a_pool_that_will_be_full_soon() -> None:
    [finding] = explain_pool(pool("a", free=GIB))
    assert finding.severity == "warning"
    assert explain_pool(pool("a")) == []


def test_one_word_for_all() -> None:
    assert overall([], []) == "empty"
    assert overall(POOLS, [volume()]) == "healthy"
    assert overall(POOLS, [volume(), volume(health="rebuilding")]) == "degraded"
    assert overall([pool("a", state="full")], []) == "degraded"
    assert overall(POOLS, [volume(health="suspended"), volume()]) == "failing"
