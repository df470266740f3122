"""List and watch, case by case. In brackets: the cases of client-go's reflector_test.go mirrored here."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from backend.courtesy import GIVES_WAY
from backend.kube.access import ExecSpec
from backend.kube.admission import Admission
from backend.kube.objects import Item
from backend.kube.status import State
from tests.kube.collection import THINGS
from tests.kube.feeding import Feeding, feeding
from tests.kube.simulation import LoopClock, simulate

NOT_OLDER = "NotOlderThan"


def test_the_first_list_is_painted_page_by_page_then_replaced_whole() -> None:
    """[TestReflectorListAndWatch, TestReflectorWithPager-like: limit=500 and continue]"""

    async def scenario() -> None:
        async with feeding(objects=2200) as feed:
            await feed.settle()
            assert feed.sink.painted == [500, 1000, 1500, 2000, 2200]
            assert len(feed.sink.rows) == 2200
            assert feed.sink.state is State.LIVE
            assert feed.wire.asked[0].query == {"limit": "500"}
            assert feed.sink.statuses[0].state is State.SYNCING
            progress = [s.progress for s in feed.sink.statuses if s.progress is not None]
            assert progress == sorted(progress)
            assert progress[-1] == 1.0

    simulate(scenario())


def test_a_reflector_gives_way_and_who_began_it_does_not() -> None:
    async def scenario() -> None:
        async with feeding(objects=600) as feed:
            gave: list[bool] = []
            page, change = feed.sink.page, feed.sink.change
            feed.sink.page = lambda *a, **k: (gave.append(GIVES_WAY.get()), page(*a, **k))[1]  # type: ignore
            feed.sink.change = lambda *a: (gave.append(GIVES_WAY.get()), change(*a))[1]  # type: ignore
            await feed.settle()
            await feed.put("new", 1)
            await feed.settle()
            assert gave == [True] * 3
            assert not GIVES_WAY.get()

    simulate(scenario())


def test_the_watch_starts_where_the_list_ended_with_bookmarks_and_a_random_end() -> None:
    """[TestReflectorWatch…: AllowWatchBookmarks, TimeoutSeconds]"""

    async def scenario() -> None:
        async with feeding() as feed:
            await feed.settle()
            (watch,) = feed.watches
            assert watch.query["resourceVersion"] == feed.sink.replaced[0]
            assert watch.query["allowWatchBookmarks"] == "true"
            assert 300 <= int(watch.query["timeoutSeconds"]) <= 600

    simulate(scenario())


def test_a_watch_that_ends_properly_is_resumed_from_the_last_version_without_a_list() -> None:
    """[TestReflectorWatchTimeout, TestReflector_resyncs]; the bookmark moved the version on."""

    async def scenario() -> None:
        async with feeding() as feed:
            await feed.settle()
            await feed.put("new", 1)
            await feed.settle(700)
            assert len(feed.lists) == 1
            assert len(feed.watches) >= 2
            assert feed.watches[1].query["resourceVersion"] == str(feed.collection.version)
            assert feed.sink.seen() == feed.collection.truth()
            assert all(s.state is not State.STALE for s in feed.sink.statuses)

    simulate(scenario())


def test_too_many_requests_keeps_the_version_and_does_not_list_again() -> None:
    """[TestNoRelistOnTooManyRequests]"""

    async def scenario() -> None:
        async with feeding(faults=("", "429", "429", "429", "429")) as feed:
            await feed.settle(300)
            assert len(feed.lists) == 1
            refused, served = feed.watches[:4], feed.watches[4]
            assert {one.query["resourceVersion"] for one in [*refused, served]} == {feed.sink.replaced[0]}
            gaps = [b.at - a.at for a, b in pairwise(feed.watches[:5])]
            assert min(gaps) >= 3, "Retry-After was 3 s"
            assert State.STALE in [s.state for s in feed.sink.statuses]
            assert feed.sink.state is State.LIVE

    simulate(scenario())


@pytest.mark.parametrize("fault", ["refused", "503", "no_answer", "half_open", "reset", "login_page"])
def test_trouble_on_the_way_keeps_the_version_and_does_not_list_again(fault: str) -> None:
    """[TestBackoffOnTooManyRequests; "connection refused" in ListAndWatch]"""

    async def scenario() -> None:
        async with feeding(faults=("", fault, fault, fault)) as feed:
            await feed.settle(1200)
            assert len(feed.lists) == 1
            assert feed.sink.state is State.LIVE
            await feed.put("new", 1)
            await feed.settle()
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_internal_errors_are_retried_for_a_minute_and_then_listed_again() -> None:
    """[TestRetryInternalError]"""

    async def scenario() -> None:
        async with feeding(faults=("", *["500"] * 12)) as feed:
            await feed.settle(400)
            second_list = feed.lists[1]
            failed = [one for one in feed.watches if one.fault == "500" and one.at < second_list.at]
            assert second_list.at - failed[0].at > 60
            assert failed[-2].at - failed[0].at <= 60
            assert feed.sink.state is State.LIVE

    simulate(scenario())


@pytest.mark.parametrize("fault", ["410", "error_410"])
def test_an_expired_watch_lists_what_is_not_older_than_known(fault: str) -> None:
    """[TestReflectorFullListIfExpired, TestReflectorExpiredExactResourceVersion]"""

    async def scenario() -> None:
        async with feeding(faults=("", fault)) as feed:
            await feed.settle(30)
            known = feed.sink.replaced[0]
            assert feed.lists[1].query["resourceVersion"] == known
            assert feed.lists[1].query["resourceVersionMatch"] == NOT_OLDER
            assert feed.sink.state is State.LIVE

    simulate(scenario())


@pytest.mark.parametrize("fault", ["410", "504_too_large"])
def test_a_list_from_a_version_the_server_lost_asks_for_the_latest(fault: str) -> None:
    """[TestReflectorFullListIfExpired, TestReflectorFullListIfTooLarge]"""

    async def scenario() -> None:
        async with feeding(faults=("", "error_410", fault)) as feed:
            await feed.settle(60)
            assert "resourceVersion" in feed.lists[1].query
            assert "resourceVersion" not in feed.lists[2].query
            assert feed.lists[2].at - feed.lists[1].at >= 0.4
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_a_watch_from_a_version_the_server_does_not_know_yet_lists_the_latest() -> None:
    """[TestReflectorFullListIfTooLarge]; etcd was restored from an older backup."""

    async def scenario() -> None:
        async with feeding() as feed:
            await feed.settle()
            feed.collection.version -= 2
            feed.collection.history.clear()
            feed.wire.cut("eof")
            await feed.settle(120)
            assert "resourceVersion" not in feed.lists[1].query
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_a_relist_tells_of_what_was_deleted_meanwhile() -> None:
    """[TestReflectorListAndWatchWithErrors, TestReflectorReplacesStoreOnUnsafeDelete]"""

    async def scenario() -> None:
        async with feeding() as feed:
            await feed.settle()
            feed.wire.cut("eof")
            feed.collection.delete("thing-00001")
            feed.collection.put("thing-00000", 77)
            feed.collection.compact()
            await feed.settle(60)
            assert len(feed.sink.replaced) == 2
            assert feed.sink.seen() == feed.collection.truth()
            assert "thing-00001" not in feed.sink.rows

    simulate(scenario())


def test_a_continue_token_that_ages_out_begins_the_list_again_in_one_piece() -> None:
    """[TestReflectorPaginationRVNotSet…: full list after 410 on continue]"""

    async def scenario() -> None:
        async with feeding(objects=1200, faults=("", "410")) as feed:
            await feed.settle(10)
            assert [one.kind for one in feed.wire.asked][-2:] == ["list", "watch"]
            assert "limit" not in feed.lists[1].query
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_first_list_that_fails_is_tried_again_ever_more_slowly() -> None:
    """[TestReflectorListAndWatchInitConnBackoff, TestBackoffOnTooManyRequests]"""

    async def scenario() -> None:
        async with feeding(faults=("refused",) * 9) as feed:
            await feed.settle(400)
            times = [one.at for one in feed.lists[:10]]
            for failures, (before, after) in enumerate(pairwise(times)):
                step = min(30.0, 0.8 * 2**failures)
                assert step / 2 <= after - before <= step + 0.3
            assert feed.sink.statuses[1].state is State.UNREACHABLE
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_a_watch_that_ends_at_once_without_a_word_is_a_failure() -> None:
    """[TestReflectorVeryShortWatch: "Unexpected watch close"]"""

    async def scenario() -> None:
        async with feeding(faults=("", *["short"] * 8)) as feed:
            await feed.settle(300)
            gaps = [b.at - a.at for a, b in pairwise(feed.watches[:8])]
            for failures, gap in enumerate(gaps):
                assert gap >= min(30.0, 0.8 * 2**failures) / 2
            assert len(feed.lists) == 1

    simulate(scenario())


def test_silence_of_150_seconds_is_a_dead_connection() -> None:
    """Rule 18: even a quiet watch has a bookmark a minute."""

    async def scenario() -> None:
        async with feeding(faults=("", "half_open")) as feed:
            await feed.settle(149)
            assert len(feed.watches) == 1
            await feed.settle(5)
            assert len(feed.watches) == 2
            assert feed.watches[1].query["resourceVersion"] == feed.watches[0].query["resourceVersion"]

    simulate(scenario())


@pytest.mark.parametrize(
    ("fault", "state"), [("403", State.FORBIDDEN), ("404", State.NOT_FOUND)], ids=["forbidden", "not-found"]
)
def test_a_refusal_is_asked_about_again_after_ten_minutes(fault: str, state: State) -> None:
    async def scenario() -> None:
        async with feeding(faults=(fault,)) as feed:
            await feed.settle(599)
            assert feed.sink.state is state
            assert len(feed.wire.asked) == 1
            await feed.settle(2)
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_a_login_that_needs_a_person_is_never_tried_in_the_background() -> None:
    """Rule 16: an exec plugin may open a browser."""

    async def scenario() -> None:
        plugin = ExecSpec(api_version="client.authentication.k8s.io/v1", command="login")
        async with feeding(faults=("401",), exec_spec=plugin) as feed:
            await feed.settle(86_400)
            assert feed.sink.state is State.AUTH
            assert len(feed.wire.asked) == 1
            feed.reflector.wake()
            await feed.settle()
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_a_plugin_that_must_ask_a_person_is_left_alone() -> None:
    async def scenario() -> None:
        plugin = ExecSpec(api_version="client.authentication.k8s.io/v1", command="login")
        async with feeding(faults=("", "login"), exec_spec=plugin) as feed:
            await feed.settle(86_400)
            assert feed.sink.state is State.AUTH
            assert len(feed.wire.asked) == 2
            assert feed.sink.statuses[-1].detail == "needs login: only a person can log in"
            assert "navarch cluster login" in feed.sink.statuses[-1].advice

    simulate(scenario())


def test_a_static_token_that_is_refused_is_tried_again_after_ten_minutes() -> None:
    """Somebody may have renewed its file."""

    async def scenario() -> None:
        async with feeding(faults=("", "401")) as feed:
            await feed.settle(599)
            assert feed.sink.state is State.AUTH
            await feed.settle(5)
            assert feed.sink.state is State.LIVE
            assert len(feed.lists) == 1

    simulate(scenario())


def test_a_table_that_outgrows_its_budget_while_watched_stops_and_says_so() -> None:
    async def scenario() -> None:
        async with feeding(objects=10, max_objects=12) as feed:
            await feed.settle()
            for number in range(5):
                await feed.put(f"more-{number}", number)
            await feed.settle(3600)
            assert feed.sink.state is State.TOO_LARGE
            assert len(feed.wire.asked) == 2

    simulate(scenario())


def test_a_server_that_refuses_to_watch_is_listed_every_half_minute() -> None:
    async def scenario() -> None:
        async with feeding(faults=("", "405")) as feed:
            await feed.put("new", 1)
            await feed.settle(300)
            assert len(feed.watches) == 1
            assert 7 <= len(feed.lists) <= 15
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_slow_list_ends_and_a_person_sees_its_progress() -> None:
    async def scenario() -> None:
        async with feeding(objects=1200, faults=("slow", "slow")) as feed:
            await feed.settle(110)
            assert feed.sink.state in {State.SYNCING, State.LIVE}
            await feed.settle(200)
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_hundred_clusters_start_with_three_lists_at_a_time() -> None:
    """Rule 2, and every one of them is live within seconds."""

    async def scenario() -> None:
        admission = Admission(clock=LoopClock(), random_source=random.Random(1))
        under_way: set[int] = set()
        peak = 0
        feeds: list[Feeding] = []
        done = asyncio.Event()

        async def one(number: int) -> None:
            nonlocal peak
            async with feeding(
                objects=600, admission=admission, cluster=f"cluster-{number}", seed=number, latency=0.01
            ) as feed:
                feeds.append(feed)
                page = feed.sink.page

                def noting(items: Sequence[Item], *, done: int, total: int | None) -> None:
                    nonlocal peak
                    under_way.add(number) if done != total else under_way.discard(number)
                    peak = max(peak, len(under_way))
                    page(items, done=done, total=total)

                feed.sink.page = noting  # type: ignore[method-assign]
                await done.wait()

        async with asyncio.TaskGroup() as group:
            for number in range(100):
                group.create_task(one(number))
            await asyncio.sleep(30)
            assert {feed.sink.state for feed in feeds} == {State.LIVE}
            done.set()
        assert len(feeds) == 100
        assert peak <= 3

    simulate(scenario())


def test_after_a_login_the_watch_goes_on_without_a_list() -> None:
    async def scenario() -> None:
        async with feeding(faults=("", "401")) as feed:
            await feed.settle()
            assert feed.sink.state is State.AUTH
            await feed.put("new", 1)
            feed.reflector.wake()
            await feed.settle()
            assert len(feed.lists) == 1
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_person_who_asks_does_not_wait_for_the_backoff() -> None:
    async def scenario() -> None:
        async with feeding() as feed:
            await feed.settle()
            feed.wire.down = True
            feed.wire.cut("reset")
            await feed.settle(200)
            assert feed.sink.state is State.UNREACHABLE
            assert len(feed.sink.rows) == 3, "what was known stays on the screen"
            feed.wire.down = False
            feed.reflector.wake()
            await feed.settle(0.01)
            assert feed.sink.state is State.LIVE

    simulate(scenario())


def test_who_asks_while_all_is_well_does_not_spend_a_later_backoff() -> None:
    async def scenario() -> None:
        async with feeding(faults=("", "", "refused", "refused")) as feed:
            await feed.settle()
            for _ in range(10):
                feed.reflector.wake()
            feed.wire.cut("reset")
            await feed.settle(30)
            first, second = feed.watches[1:3]
            assert second.at - first.at >= 0.4

    simulate(scenario())


def test_more_objects_than_a_table_can_hold_are_refused_after_the_first_page() -> None:
    async def scenario() -> None:
        async with feeding(objects=1200, max_objects=1000) as feed:
            await feed.settle(3600)
            assert feed.sink.state is State.TOO_LARGE
            assert "1200 things.example.org" in feed.sink.statuses[-1].detail
            assert len(feed.lists) == 1
            assert not feed.sink.replaced

    simulate(scenario())


def test_a_flood_of_events_drops_the_backlog_and_lists_again() -> None:
    """Rule 23: the socket is read on, nothing is silently blocked."""

    async def scenario() -> None:
        async with feeding(max_backlog=20) as feed:
            await feed.settle()
            for number in range(500):
                feed.collection.put(f"flood-{number}", number)
            await feed.wire.changed()
            await feed.settle(30)
            assert len(feed.sink.replaced) == 2
            assert feed.lists[1].query["resourceVersionMatch"] == NOT_OLDER
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_an_unreadable_event_is_counted_and_the_stream_goes_on() -> None:
    async def scenario() -> None:
        async with feeding(faults=("", "garbage")) as feed:
            await feed.settle()
            await feed.put("new", 1)
            await feed.settle()
            assert feed.sink.statuses[-1].skipped == 2
            assert len(feed.watches) == 1
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_echoes_of_older_states_are_not_shown() -> None:
    """Rule 11; the sink itself objects to an object going back in time."""

    async def scenario() -> None:
        async with feeding(faults=("", "replay")) as feed:
            await feed.settle()
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_late_echo_does_not_bring_back_what_was_deleted() -> None:
    async def scenario() -> None:
        async with feeding(faults=("", "", "replay")) as feed:
            await feed.settle(15)
            await feed.put("brief", 1)
            feed.collection.delete("brief")
            await feed.wire.changed()
            await feed.settle()
            assert feed.sink.seen() == feed.collection.truth()
            feed.wire.cut("eof")  # the next watch begins with old events once more
            await feed.settle()
            assert feed.watches[-1].fault == "replay"
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_events_the_server_makes_up_at_the_start_do_not_move_the_version() -> None:
    """[TestReflectorResourceVersionUpdate]: a watch from nowhere opens with ADDED events in no order."""

    async def scenario() -> None:
        async with feeding(objects=0) as feed:
            feed.collection.version = 0
            feed.collection.put("a", 1)
            feed.collection.put("b", 1)
            feed.collection.version = 0  # the list says "0", as some aggregated servers do
            await feed.settle()
            feed.collection.version = 2
            feed.wire.cut("eof")
            await feed.settle(5)
            assert [one.query["resourceVersion"] for one in feed.watches[:2]] == ["0", "0"]

    simulate(scenario())


def test_a_kind_that_cannot_be_watched_is_listed_every_half_minute() -> None:
    async def scenario() -> None:
        async with feeding(resource=replace(THINGS, verbs=("list", "get"))) as feed:
            await feed.settle(300)
            assert not feed.watches
            assert 7 <= len(feed.lists) <= 15
            await feed.put("new", 1)
            await feed.settle(60)
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())


def test_a_rolling_restart_of_every_cluster_at_once_lists_nothing() -> None:
    """kubernetes#86430: relist storms after upgrades. Every feed resumes from its version."""

    async def scenario() -> None:
        admission = Admission(clock=LoopClock())
        feeds: list[Feeding] = []
        async with asyncio.TaskGroup() as group:
            done = asyncio.Event()

            async def one(number: int) -> None:
                cluster = f"cluster-{number % 10}"
                async with feeding(admission=admission, cluster=cluster, seed=number) as feed:
                    feeds.append(feed)
                    await done.wait()

            for number in range(30):
                group.create_task(one(number))
            await asyncio.sleep(60)
            for feed in feeds:
                feed.wire.down = True
                feed.wire.cut("reset")
            await asyncio.sleep(20)
            for feed in feeds:
                feed.wire.down = False
                await feed.put("after", 1)
            await asyncio.sleep(120)
            done.set()
        assert len(feeds) == 30
        for feed in feeds:
            assert len(feed.lists) == 1
            assert feed.sink.state is State.LIVE
            assert feed.sink.seen() == feed.collection.truth()

    simulate(scenario())
