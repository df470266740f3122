"""Events and jobs: bounded, and whole after whatever happened."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace

from blockengine.control import events as module
from blockengine.control.engine import Impossible
from blockengine.control.events import EventLog
from blockengine.control.jobs import Jobs, Report
from blockengine.control.model import Job
from blockengine.protocol.admin import Progress


async def test_events_outlive_the_engine_and_keep_their_order_whatever_the_clock_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([1e9, 5.0, 2e9, 3.0])
    monkeypatch.setattr(module.time, "time", lambda: next(clock))
    log = EventLog(tmp_path / "log")
    for text in ("one", "two"):
        log.add("demo", text)
    again = EventLog(tmp_path / "log")
    again.add("demo", "three")
    found = await again.after(0, wait=0)
    assert [(event.number, event.text) for event in found] == [(1, "one"), (2, "two"), (3, "three")]
    assert [event.text for event in await again.after(2, wait=0)] == ["three"]


async def test_a_line_that_a_crash_cut_is_left_out(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log")
    log.add("a", "one")
    log.add("b", "two")
    raw = (tmp_path / "log").read_bytes()
    (tmp_path / "log").write_bytes(raw[:-9] + b"\n\xff\xfe\n{}\n")
    again = EventLog(tmp_path / "log")
    again.add("c", "three")
    assert [event.text for event in await again.after(0, wait=0)] == ["one", "three"]


async def test_the_file_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FILE_MOST", 20_000)
    monkeypatch.setattr(module, "_KEPT", 100)
    log = EventLog(tmp_path / "log")
    for number in range(2000):
        log.add("demo", f"event {number}")
        assert (tmp_path / "log").stat().st_size < 30_000
    assert (await EventLog(tmp_path / "log").after(0, wait=0))[-1].text == "event 1999"


async def test_a_full_disk_costs_the_file_not_the_events(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "no" / "folder" / "log")
    log.add("demo", "one")
    assert [event.text for event in await log.after(0, wait=0)] == ["one"]


async def test_who_waits_is_woken_and_who_asks_for_one_subject_gets_it(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "log")
    log.add("a", "one")
    waiting = asyncio.ensure_future(log.after(1, wait=60, about="b"))
    await asyncio.sleep(0)
    log.add("a", "not this")
    log.add("b", "this")
    assert [event.text for event in await asyncio.wait_for(waiting, 20)] == ["this"]
    assert await log.after(3, wait=0.01) == []
    # A number from before the log was lost.
    assert len(await log.after(10_000, wait=0)) == 3


async def test_jobs_end_in_words(tmp_path: Path) -> None:
    told: list[Job] = []
    jobs = Jobs(told.append)

    async def fine(report: Report) -> str:
        report(1, 2, "half")
        return "all"

    async def refused(report: Report) -> str:
        raise Impossible("no", "do this")

    async def broken(report: Report) -> str:
        raise RuntimeError("a bug")

    async def endless(report: Report) -> str:
        report(1, 9, "begun")
        await asyncio.Event().wait()
        return ""

    ended = [await jobs.wait(jobs.start("x", "demo", work).id) for work in (fine, refused, broken)]
    assert [(job.state, job.text, job.error) for job in ended] == [
        ("done", "all", ""),
        ("failed", "", "no. do this"),
        ("failed", "", "a bug"),
    ]
    held = jobs.start("restore", "demo", endless)
    with pytest.raises(Impossible, match="restore of demo can't be cancelled"):
        await jobs.cancel(held.id)
    job = jobs.start("x", "demo", endless, stoppable=True)
    await asyncio.sleep(0)
    assert (jobs.one(job.id).state, jobs.one(job.id).done) == ("running", 1)
    assert (await jobs.cancel(job.id)).state == "cancelled"
    assert len(told) == 4
    with pytest.raises(Impossible):
        jobs.one("nothing")


async def test_old_jobs_are_forgotten_running_ones_never() -> None:
    jobs = Jobs(lambda job: None)
    forever = asyncio.Event()

    async def endless(report: Report) -> str:
        await forever.wait()
        return ""

    async def quick(report: Report) -> str:
        return ""

    first = jobs.start("x", "demo", endless)
    for _ in range(500):
        await jobs.wait(jobs.start("x", "demo", quick).id)
    assert len(jobs.all()) < 250
    assert jobs.one(first.id).state == "running"
    await jobs.close()


async def held(report: Report) -> str:
    report.remember(volume="01")
    report(3, 9, "on its way")
    await asyncio.Event().wait()
    return ""


async def quick(report: Report) -> str:
    return "well"


async def test_jobs_outlive_the_engine(tmp_path: Path) -> None:
    jobs = Jobs(lambda job: None, tmp_path / "jobs")
    await jobs.wait(jobs.start("create", "demo", quick).id)
    left = jobs.start("restore", "demo", held, target="monday")
    await asyncio.sleep(0)
    told: list[Job] = []
    again = Jobs(told.append, tmp_path / "jobs")
    assert [(job.kind, job.state, job.text) for job in again.all()] == [
        ("create", "done", "well"),
        ("restore", "running", ""),
    ]
    (kept,) = again.interrupted()
    assert (kept.job.id, kept.job.target, kept.facts) == (left.id, "monday", {"volume": "01"})
    again.go_on(left.id, quick)
    assert again.interrupted() == []
    assert (await again.wait(left.id)).state == "done"
    assert [job.id for job in told] == [left.id]
    assert Jobs(told.append, tmp_path / "jobs").interrupted() == []
    await jobs.close()


async def test_a_list_of_jobs_that_is_damaged_or_too_long_costs_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "jobs"
    path.write_bytes(b"[{")
    jobs = Jobs(lambda job: None, path)
    for _ in range(300):
        await jobs.wait(jobs.start("x", "demo", quick).id)
    assert len(Jobs(lambda job: None, path).all()) == 200
    full = Jobs(lambda job: None, tmp_path / "no" / "folder" / "jobs")
    assert (await full.wait(full.start("x", "demo", quick).id)).state == "done"


REBUILD = Progress("rebuild", "r-1", 10, 40, rate=5, eta=6, number=1, began=100.0, acts=("pause",))


def observed(jobs: Jobs, *works: Progress) -> list[tuple[str, str, int]]:
    jobs.observe("01", "demo", works)
    return [(job.kind, job.state, job.done) for job in jobs.all()]


async def test_what_controllers_do_are_jobs_as_well(tmp_path: Path) -> None:
    jobs = Jobs(lambda job: None, tmp_path / "jobs")
    merge = Progress("merge", "", 1, 2, number=2, began=101.0)
    assert observed(jobs, REBUILD, merge) == [("rebuild", "running", 10), ("merge", "running", 1)]
    job = jobs.all()[0]
    assert (job.about, job.target, job.rate, job.eta, job.unit) == ("demo", "r-1", 5, 6, "bytes")
    assert jobs.behind(job.id, "pause") == ("01", 1)
    with pytest.raises(Impossible, match="rebuild of demo can't be cancelled"):
        jobs.behind(job.id, "stop")
    with pytest.raises(Impossible, match="merge of demo can't be paused"):
        jobs.behind(jobs.all()[1].id, "pause")
    paused = replace(REBUILD, state="paused", done=20)
    done = replace(merge, state="done", done=2, ended=109.0)
    assert observed(jobs, paused, done) == [("rebuild", "paused", 20), ("merge", "done", 2)]
    assert jobs.behind(job.id, "resume") == ("01", 1)
    # The next engine knows them again, and another controller's number 1 is another work.
    again = Jobs(lambda job: None, tmp_path / "jobs")
    assert again.interrupted() == []
    assert observed(again, replace(REBUILD, began=200.0)) == [
        ("rebuild", "failed", 20),
        ("merge", "done", 2),
        ("rebuild", "running", 10),
    ]
    assert "the next one goes on" in again.all()[0].error


async def test_the_work_that_a_job_waits_for_is_that_job(tmp_path: Path) -> None:
    jobs = Jobs(lambda job: None, tmp_path / "jobs")

    async def waits(report: Report) -> str:
        report.follow("01", REBUILD)
        await asyncio.Event().wait()
        return ""

    assert observed(jobs, REBUILD) == [("rebuild", "running", 10)]
    job = jobs.start("add replica", "demo", waits)
    await asyncio.sleep(0)
    assert observed(jobs, replace(REBUILD, done=30, state="paused")) == [("add replica", "paused", 30)]
    assert (jobs.one(job.id).rate, jobs.behind(job.id, "resume")) == (5, ("01", 1))
    # The engine is told to stop: what can't be cancelled is the next one's.
    scrub = jobs.start("scrub", "demo", held, stoppable=True)
    await asyncio.sleep(0)
    await jobs.close()
    assert jobs.one(scrub.id).state == "cancelled"
    again = Jobs(lambda job: None, tmp_path / "jobs")
    assert [kept.job.id for kept in again.interrupted()] == [job.id]
    assert observed(again, replace(REBUILD, done=35)) == [
        ("add replica", "running", 35),
        ("scrub", "cancelled", 3),
    ]


async def test_a_work_that_ended_before_anybody_followed_it_is_no_second_job() -> None:
    jobs = Jobs(lambda job: None)
    done = jobs.start("restore", "demo", quick, target="monday")
    await jobs.wait(done.id)
    began = jobs.one(done.id).started
    work = Progress("restore", "monday", 5, 5, number=1, state="done", began=began, ended=began + 1)
    assert observed(jobs, work) == [("restore", "done", 0)]
    # Another one of another time is a job of its own.
    later = replace(work, number=2, began=began + 3600, ended=began + 3700)
    assert observed(jobs, work, later) == [("restore", "done", 0), ("restore", "done", 5)]
