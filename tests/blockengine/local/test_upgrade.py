"""Processes of other code than the engine's: told, refused in clear words, and restarted one at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from blockengine.protocol.speech import OLDEST
from tests.alive import alive
from tests.blockengine.local.running import Engine
from tests.blockengine.local.test_engine import read, written
from tests.blockengine.local.test_jobs import filled, job_of

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc"),
    pytest.mark.timeout(600),
]


@pytest.fixture
def engine():  # type: ignore[no-untyped-def]
    running = Engine()
    yield running
    running.close()


def started_by(engine: Engine, *, newest: int, oldest: int, version: str) -> None:
    """A supervisor of another version, and its volume with a written block; then it is killed."""
    words = [str(newest), str(oldest), version, "blockengine", "local", str(engine.home)]
    with (engine.folder / "log").open("ab") as log:
        engine.process = subprocess.Popen(
            [sys.executable, "-m", "tests.blockengine.local.other_code", *words],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    engine.until(engine.answers, "the older supervisor never answered")
    engine.pools("a", "b", "c")
    engine.create("demo")
    written(engine.nbd("demo"), 7)
    engine.kill()


def one_at_a_time(texts: list[str]) -> bool:
    """Whether no replica went before the one that went before it was in sync again."""
    away = 0
    for text in texts:
        away += text.startswith("lost r-")
        away -= text.endswith("in sync again")
        if away > 1:
            return False
    return True


def test_processes_from_before_an_upgrade_are_told_and_renewed_one_at_a_time(engine: Engine) -> None:
    started_by(engine, newest=1, oldest=1, version="0.0.9")
    engine.start()
    before = engine.until_healthy("demo")
    names = {f"demo {replica['id']}" for replica in before["replicas"]} | {"demo controller"}
    assert set(engine.ok("GET", "/v1/engine")["other_code"]) == names
    assert all("0.0.9" in replica["process"]["code"] for replica in before["replicas"])
    told = engine.findings("demo")
    assert "other code than the engine" in told
    assert "navarch engine renew demo" in told

    seen = len(engine.events("demo"))
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/renew"))
    assert job["state"] == "done", job
    assert job["total"] == 4
    texts = engine.events("demo")[seen:]
    assert sum(text.startswith("lost r-") for text in texts) == 3
    assert one_at_a_time(texts), texts
    after = engine.until_healthy("demo")
    assert {one["process"]["pid"] for one in before["replicas"]}.isdisjoint(
        one["process"]["pid"] for one in after["replicas"]
    )
    assert after["controller"]["pid"] != before["controller"]["pid"]
    assert not engine.ok("GET", "/v1/engine")["other_code"]
    assert "other code" not in engine.findings("demo")
    assert read(engine.nbd("demo")) == 7
    status, words = engine.no("POST", "/v1/volumes/demo/renew")
    assert status == 409
    assert "nothing to restart" in words


def test_an_older_replica_is_not_asked_for_what_it_does_not_know(engine: Engine) -> None:
    started_by(engine, newest=1, oldest=1, version="0.0.9")
    engine.start()
    before = engine.until_healthy("demo")
    # A newer controller over older replicas: what they don't know is not asked of them.
    os.kill(before["controller"]["pid"], signal.SIGKILL)
    engine.until(lambda: len(engine.ok("GET", "/v1/engine")["other_code"]) == 3)
    engine.until_healthy("demo")
    engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "one"})
    filled(engine.nbd("demo"), 7)
    engine.ok("PUT", "/v1/volumes/demo/pace", {"limit": 1 << 30})
    engine.ok("DELETE", "/v1/volumes/demo/snapshots/one")
    merge = job_of(engine, "merge", "running", "done")
    assert merge["acts"] == []
    between = engine.volume("demo")
    assert [one["process"] for one in between["replicas"]] == [one["process"] for one in before["replicas"]]
    assert between["in_sync"] == 3


def test_processes_that_speak_no_protocol_of_ours_are_refused_in_words_and_renewed(engine: Engine) -> None:
    started_by(engine, newest=OLDEST - 1, oldest=OLDEST - 1, version="0.0.1")
    engine.start()
    # The older controller can't be told anything; who asks is told why, and what to do.
    engine.until(lambda: len(engine.ok("GET", "/v1/engine")["other_code"]) == 4)
    engine.until(lambda: "too old for the engine" in engine.volume("demo")["words"])
    _, words = engine.no("POST", "/v1/volumes/demo/snapshots", {"name": "monday"})
    assert "its controller is too old for the engine" in words
    # It dies: the next one is of our code, and can't use the older replicas.
    os.kill(engine.volume("demo")["controller"]["pid"], signal.SIGKILL)
    engine.until(lambda: "too old" in engine.findings("demo"))
    assert "speak no protocol in common" in engine.findings("demo")

    job = engine.job(engine.ok("POST", "/v1/volumes/demo/renew"))
    assert job["state"] == "done", job
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 7


def test_a_supervisor_makes_way_and_the_next_one_finds_everything_again(engine: Engine) -> None:
    engine.start()
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    pids = {one["process"]["pid"] for one in made["replicas"]} | {made["controller"]["pid"]}
    engine.ok("POST", "/v1/engine/stop", {"leave": True})
    assert engine.process is not None
    assert engine.process.wait(60) == 0, engine.said()
    assert all(alive(pid) for pid in pids)
    engine.start()
    after = engine.until_healthy("demo")
    assert {one["process"]["pid"] for one in after["replicas"]} | {after["controller"]["pid"]} == pids
