"""Jobs of a real engine: paused, resumed, and gone on with after whatever was killed."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from blockengine.protocol.nbd_client import Client
from tests.blockengine.local.running import SIZE, Engine, replica_of
from tests.blockengine.local.test_engine import kill, read

SLOW = {"limit": 2 << 20, "share": 1}
MIB = 1 << 20


def filled(socket: Path, marker: int, size: int = SIZE) -> None:
    """Write all of it, and flush."""

    async def work() -> None:
        client = await Client.connect(socket)
        for offset in range(0, size, MIB):
            await client.write(offset, bytes((marker,)) * MIB)
        await client.flush()
        client.close()

    asyncio.run(asyncio.wait_for(work(), 60))


def job_of(engine: Engine, kind: str, *states: str) -> Any:
    """The newest job of a kind, once it is in one of these states."""

    def found() -> Any:
        jobs = [job for job in engine.ok("GET", "/v1/jobs") if job["kind"] == kind]
        return jobs[-1] if jobs and jobs[-1]["state"] in states else None

    return engine.until(found, f"no {kind} was ever {states}")


def test_a_rebuild_that_nobody_asked_for_is_paused_and_goes_on(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    filled(engine.nbd("demo"), 1)
    victim = replica_of(made, "b")
    engine.ok("PUT", "/v1/volumes/demo/pace", SLOW)
    job = engine.ok("POST", "/v1/volumes/demo/scrub")
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["done"])
    paused = engine.ok("POST", f"/v1/jobs/{job['id']}/pause")
    assert (paused["state"], paused["acts"]) == ("paused", ["pause", "stop"])
    assert engine.volume("demo")["work"][0]["state"] == "paused"
    # The supervisor dies, and the next one has the same job.
    engine.kill()
    engine.start()
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["state"] == "paused")
    resumed = engine.ok("POST", f"/v1/jobs/{job['id']}/resume")
    assert resumed["state"] == "running"
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    assert engine.job(resumed)["state"] == "done"
    assert [one["kind"] for one in engine.ok("GET", "/v1/jobs")] == ["create", "scrub"]
    # What a controller does by itself is a job as well.
    engine.ok("PUT", "/v1/volumes/demo/pace", SLOW)
    pool = engine.home / "pools" / "b"
    pool.rename(pool.with_name("away"))
    engine.until(lambda: engine.volume("demo")["health"] == "degraded")
    filled(engine.nbd("demo"), 2)
    pool.with_name("away").rename(pool)
    rebuild = job_of(engine, "rebuild", "running")
    assert (rebuild["about"], rebuild["target"], rebuild["unit"]) == ("demo", victim["id"], "bytes")
    status, words = engine.no("DELETE", f"/v1/jobs/{rebuild['id']}")
    assert (status, "rebuild of demo can't be cancelled" in words) == (409, True)
    assert engine.ok("POST", f"/v1/jobs/{rebuild['id']}/pause")["state"] == "paused"
    assert "paused" in engine.findings("demo")
    engine.ok("POST", f"/v1/jobs/{rebuild['id']}/resume")
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    assert job_of(engine, "rebuild", "done")["id"] == rebuild["id"]
    engine.until_healthy("demo")
    assert engine.no("POST", f"/v1/jobs/{rebuild['id']}/pause")[0] == 409
    assert engine.no("POST", "/v1/jobs/none/pause")[0] == 404


def test_restores_and_clones_are_gone_on_with_by_the_next_engine(engine: Engine) -> None:
    engine.pools("a")
    size = 256 << 20
    engine.create("demo", replicas=1, size=size)
    filled(engine.nbd("demo"), 1, size)
    clone = engine.ok("POST", "/v1/volumes/demo/clone", {"name": "copy"})
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{clone['id']}")["rate"])
    engine.kill()
    engine.start()
    assert engine.job(engine.ok("GET", f"/v1/jobs/{clone['id']}"))["state"] == "done"
    engine.until_healthy("copy")
    assert read(engine.nbd("copy")) == 1
    # The snapshot that was made for it is gone.
    assert engine.ok("GET", "/v1/volumes/demo/snapshots") == []
    engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "one"})
    filled(engine.nbd("demo"), 2, size)
    # Slow enough to be seen, and to be cut, on its way for sure.
    engine.ok("PUT", "/v1/volumes/demo/pace", SLOW)
    job = engine.ok("POST", "/v1/volumes/demo/snapshots/one/restore", {})
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["done"])
    assert engine.volume("demo")["health"] == "restoring"
    engine.kill()
    for pid in engine.processes("volume", "serve"):
        kill(pid)
    engine.start()
    engine.until(lambda: engine.volume("demo")["health"] == "restoring")
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["done"])
    assert not engine.ok("GET", f"/v1/jobs/{job['id']}")["ended"]
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    done = engine.job(engine.ok("GET", f"/v1/jobs/{job['id']}"))
    assert (done["state"], done["error"]) == ("done", "")
    assert read(engine.nbd("demo")) == 1


def test_a_restore_is_paused_and_cancelled_and_the_volume_is_as_it_was(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    engine.create("demo")
    filled(engine.nbd("demo"), 1)
    engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "one"})
    filled(engine.nbd("demo"), 2)
    engine.ok("PUT", "/v1/volumes/demo/pace", SLOW)
    job = engine.ok("POST", "/v1/volumes/demo/snapshots/one/restore", {"keep": "before"})
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["done"])
    assert "then it becomes what it was" in engine.findings("demo")
    assert engine.ok("POST", f"/v1/jobs/{job['id']}/pause")["state"] == "paused"
    assert "job resume" in engine.findings("demo")
    assert engine.ok("POST", f"/v1/jobs/{job['id']}/resume")["state"] == "running"
    assert not engine.ok("DELETE", f"/v1/jobs/{job['id']}")["ended"]
    engine.until(lambda: "goes back to what it was" in engine.findings("demo"))
    status, words = engine.no("DELETE", f"/v1/jobs/{job['id']}")
    assert (status, "can't be cancelled" in words) == (409, True)
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    done = engine.job(job)
    assert done["state"] == "cancelled"
    assert "the volume is as it was" in done["error"]
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 2
    # Without a snapshot of what it was there is no way back.
    engine.ok("PUT", "/v1/volumes/demo/pace", SLOW)
    job = engine.ok("POST", "/v1/volumes/demo/snapshots/one/restore", {})
    engine.until(lambda: engine.ok("GET", f"/v1/jobs/{job['id']}")["done"])
    status, words = engine.no("DELETE", f"/v1/jobs/{job['id']}")
    assert (status, "no snapshot of what the volume was" in words) == (409, True)
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    assert engine.job(job)["state"] == "done"
    assert read(engine.nbd("demo")) == 1


def test_a_deletion_is_cancelled_before_anything_is_gone(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    filled(engine.nbd("demo"), 1)
    # A controller without a majority takes its time to end.
    for pool in ("a", "b"):
        os.kill(replica_of(made, pool)["process"]["pid"], signal.SIGSTOP)
    engine.until(lambda: engine.volume("demo")["health"] == "suspended")
    job = engine.ok("DELETE", "/v1/volumes/demo")
    assert job["acts"] == ["stop"]
    assert engine.ok("DELETE", f"/v1/jobs/{job['id']}")["state"] == "cancelled"
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 1
    assert engine.job(engine.ok("DELETE", "/v1/volumes/demo"))["state"] == "done"
    assert engine.ok("GET", "/v1/volumes") == []


def test_what_is_asked_for_at_once_after_a_start_waits_for_the_volume(engine: Engine) -> None:
    engine.pools("a")
    engine.create("demo", replicas=1)
    engine.stop()
    engine.start()
    engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "one"})
    engine.kill()
    kill(engine.processes("volume", "serve")[0])
    engine.start()
    engine.ok("PUT", "/v1/volumes/demo/size", {"size": 2 * SIZE})
