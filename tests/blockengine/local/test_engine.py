"""The engine of one machine, as real processes, through its control API."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from blockengine.protocol.nbd_client import Client
from tests.alive import alive
from tests.blockengine.local.running import SIZE, Engine, replica_of, wait_for

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc"),
    # Dozens of processes started one after the other, each in its own time on a busy machine.
    pytest.mark.timeout(600),
]


def written(socket: Path, marker: int) -> None:
    """Write and flush something."""

    async def work() -> None:
        client = await Client.connect(socket)
        await client.write(0, bytes((marker,)) * 4096)
        await client.flush()
        client.close()

    asyncio.run(asyncio.wait_for(work(), 60))


def read(socket: Path) -> int:
    async def work() -> bytes:
        client = await Client.connect(socket)
        data = await client.read(0, 4096)
        client.close()
        return data

    data = asyncio.run(asyncio.wait_for(work(), 60))
    assert len(set(data)) == 1
    return data[0]


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def test_a_volume_lives_through_its_processes_and_the_supervisor(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    assert (made["size"], made["health"], made["in_sync"], made["wanted"]) == (SIZE, "healthy", 3, 3)
    assert {replica["pool"] for replica in made["replicas"]} == {"a", "b", "c"}
    written(engine.nbd("demo"), 7)

    # A replica is killed: it is started again, brought back, and all of it is told.
    victim = replica_of(made, "b")
    kill(victim["process"]["pid"])
    engine.until(lambda: any(f"{victim['id']}: it was killed" in text for text in engine.events("demo")))
    written(engine.nbd("demo"), 8)
    after = engine.until_healthy("demo")
    assert replica_of(after, "b")["process"]["pid"] != victim["process"]["pid"]
    assert replica_of(after, "b")["process"]["restarts"] == 1

    # The controller is killed: another one takes over.
    kill(after["controller"]["pid"])
    engine.until(lambda: engine.volume("demo")["controller"]["pid"] not in (0, after["controller"]["pid"]))
    after = engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 8

    # The supervisor is killed: what it ran goes on, and the next one knows it again.
    socket = engine.nbd("demo")
    pids = {replica["process"]["pid"] for replica in after["replicas"]} | {after["controller"]["pid"]}
    engine.kill()
    assert all(alive(pid) for pid in pids)
    written(socket, 9)
    engine.start()
    again = engine.until_healthy("demo")
    assert {replica["process"]["pid"] for replica in again["replicas"]} | {again["controller"]["pid"]} == pids
    assert read(engine.nbd("demo")) == 9

    # Told to stop, nothing is left.
    engine.stop()
    assert engine.processes() == []
    engine.start()
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 9


def test_the_pools_are_the_truth_a_lost_state_is_recovered(engine: Engine) -> None:
    engine.pools("a")
    elsewhere = engine.folder / "disk"
    engine.ok("POST", "/v1/pools", {"path": str(elsewhere), "name": "disk"})
    engine.create("demo", replicas=2, pools=["a", "disk"])
    written(engine.nbd("demo"), 5)
    engine.stop()
    shutil.rmtree(engine.home / "state")
    shutil.rmtree(engine.home / "run")
    engine.start()
    # Its own pool was found; that one knows where the other is.
    assert [pool["name"] for pool in engine.ok("GET", "/v1/pools")] == ["a"]
    job = engine.job(engine.ok("POST", "/v1/engine/recover", {}))
    assert job["state"] == "done", job
    assert "2 pools (1 new), 1 volumes, 3 voters" in job["text"]
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 5


def test_a_supervisor_without_its_sockets_ends_what_it_cannot_reach(engine: Engine) -> None:
    engine.pools("a")
    made = engine.create("demo", replicas=1)
    written(engine.nbd("demo"), 6)
    old = {made["replicas"][0]["process"]["pid"], made["controller"]["pid"]}
    engine.kill()
    shutil.rmtree(engine.home / "run")
    shutil.rmtree(engine.home / "state")
    engine.start()
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 6
    assert any("without a socket; it was ended" in text for text in engine.events("demo"))
    engine.until(lambda: not any(alive(pid) for pid in old), "the old processes are still there")


def test_two_replicas_get_a_witness_and_one_may_go(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("pair", replicas=2)
    kinds = sorted((replica["kind"], replica["role"]) for replica in made["replicas"])
    assert kinds == [("replica", "in-sync"), ("replica", "in-sync"), ("witness", "witness")]
    assert len({replica["pool"] for replica in made["replicas"]}) == 3
    victim = next(replica for replica in made["replicas"] if replica["kind"] == "replica")
    os.kill(victim["process"]["pid"], signal.SIGSTOP)
    written(engine.nbd("pair"), 3)
    engine.until(lambda: engine.volume("pair")["health"] == "degraded")
    os.kill(victim["process"]["pid"], signal.SIGCONT)
    engine.until_healthy("pair")


def test_a_pool_that_vanishes_and_returns(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    path, aside = engine.home / "pools" / "b", engine.folder / "aside"
    path.rename(aside)
    engine.until(lambda: engine.ok("GET", "/v1/pools/b")["state"] == "vanished")
    engine.until(lambda: engine.volume("demo")["in_sync"] == 2)
    victim = replica_of(made, "b")
    engine.until(lambda: not alive(victim["process"]["pid"]), "its process writes to a disk that is gone")
    engine.until(lambda: f"{victim['id']} is missing | pool b is vanished" in engine.findings("demo"))
    assert "Mount its disk again" in engine.ok("GET", "/v1/findings")[0]["next"]
    written(engine.nbd("demo"), 4)
    assert engine.no("DELETE", "/v1/pools/a")[0] == 409
    aside.rename(path)
    engine.until_healthy("demo")
    assert any("pool is vanished" in text for text in engine.events("b"))


def test_a_replica_that_was_copied_is_not_started_twice(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    original = Path(replica_of(made, "a")["path"])
    shutil.copytree(original, engine.home / "pools" / "b" / "replicas" / "copy")
    engine.until(lambda: any("copy is not used" in each["what"] for each in engine.ok("GET", "/v1/findings")))
    assert engine.volume("demo")["health"] == "healthy"
    assert len(engine.processes("replica", "serve")) == 3
    # The original goes: the copy is still not started, until a person says that it is the one.
    kill(replica_of(made, "a")["process"]["pid"])
    shutil.rmtree(original)
    engine.until(lambda: "is a copy, or was moved" in engine.findings("demo"))
    engine.until(lambda: engine.volume("demo")["health"] == "degraded")
    job = engine.job(engine.ok("POST", "/v1/engine/recover", {"moved": True}))
    assert "1 of them taken as moved" in job["text"]
    engine.until_healthy("demo")


def test_what_can_not_be_is_refused_before_anything_is_made(engine: Engine) -> None:
    engine.pools("a", "b")

    def refused(**wanted: object) -> str:
        status, words = engine.no("POST", "/v1/volumes", {"name": "x", "size": SIZE, **wanted})
        assert status in (400, 404, 409)
        return words

    for size in (-1, 0, 1, 4097, 1 << 60):
        assert "size" in refused(size=size)
    assert "Expected `int`" in refused(size="huge")
    for name in ("", "../../etc", "a b", "A", "-", "x" * 64, "\x1b[31m", "a\nb", "é"):
        assert "no name for a volume" in refused(name=name)
    assert "3 replicas need 3 pools, and 2 of 2 will do" in refused()
    assert "4 replicas are not possible" in refused(replicas=4)
    assert "block size" in refused(block_size=1000)
    assert "its file system has" in refused(size=1 << 49, replicas=1)
    assert "no pool nowhere" in refused(replicas=1, pools=["nowhere"])
    assert "unknown field" in refused(colour="red")
    assert engine.no("POST", "/v1/volumes", "nonsense")[0] == 400
    assert engine.no("GET", "/v1/volumes/nothing")[0] == 404
    assert engine.no("GET", "/v1/nothing")[0] == 404
    assert engine.no("PATCH", "/v1/volumes")[0] == 405
    assert list((engine.home / "pools" / "a" / "replicas").iterdir()) == []
    for path in ("relative", "/proc/nowhere/pool", "/etc"):
        assert engine.no("POST", "/v1/pools", {"path": path})[0] == 400
    assert "no name for a pool" in engine.no("POST", "/v1/pools", {"name": "../up"})[1]


def test_a_volume_grows_and_is_deleted(engine: Engine) -> None:
    engine.pools("a")
    engine.create("demo", replicas=1)
    assert engine.ok("PUT", "/v1/volumes/demo/size", {"size": 2 * SIZE})["size"] == 2 * SIZE
    assert "can't shrink" in engine.no("PUT", "/v1/volumes/demo/size", {"size": SIZE})[1]
    assert engine.no("PUT", "/v1/volumes/demo/size", {"size": -4096})[0] == 409
    job = engine.job(engine.ok("DELETE", "/v1/volumes/demo"))
    assert job["state"] == "done", job
    assert engine.ok("GET", "/v1/volumes") == []
    assert engine.processes("serve") == []
    assert list((engine.home / "pools" / "a" / "replicas").iterdir()) == []
    assert list((engine.home / "pools" / "a" / "trash").iterdir()) == []
    engine.ok("DELETE", "/v1/pools/a")
    assert engine.ok("GET", "/v1/pools") == []


def test_a_volume_deleted_while_a_pool_was_away_does_not_come_back(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    engine.create("demo")
    path, aside = engine.home / "pools" / "c", engine.folder / "aside"
    path.rename(aside)
    engine.until(lambda: engine.ok("GET", "/v1/pools/c")["state"] == "vanished")
    job = engine.job(engine.ok("DELETE", "/v1/volumes/demo"))
    assert job["state"] == "done", job
    aside.rename(path)
    engine.until(lambda: list((path / "replicas").iterdir()) == [], "what was deleted is still there")
    assert engine.ok("GET", "/v1/volumes") == []


def test_one_engine_in_a_home(engine: Engine) -> None:
    second = subprocess.run(
        [sys.executable, "-m", "blockengine", "local", str(engine.home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert "another engine runs in this home" in second.stderr
    assert engine.answers()


def test_a_second_controller_by_hand_does_no_harm(engine: Engine) -> None:
    engine.pools("a")
    made = engine.create("demo", replicas=1)
    written(engine.nbd("demo"), 2)
    run = engine.home / "run"
    [voter] = [path.name for path in run.glob("voter-*.sock")]
    words = ["volume", "serve", "--voter", f"unix:{voter}", "--socket", "second", "--admin", "second-admin"]
    said = engine.folder / "second"
    with said.open("wb") as out:
        second = subprocess.Popen([sys.executable, "-m", "blockengine", *words], cwd=run, stderr=out)
    try:
        # While ours serves, it waits.
        engine.until(lambda: "another controller's lease" in said.read_text())
        assert engine.volume("demo")["controller"]["pid"] == made["controller"]["pid"]
        # Ours dies while nobody starts it again: the second takes over. Then ours waits, and says for what.
        engine.kill()
        kill(made["controller"]["pid"])
        wait_for(lambda: "took epoch" in said.read_text())
        engine.start()
        engine.until(lambda: "waits for the lease of another controller" in engine.findings("demo"))
        assert second.poll() is None
        wait_for((run / "second").exists)
        assert read(run / "second") == 2
    finally:
        second.kill()
        second.wait(60)
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 2


def test_snapshots_are_taken_listed_and_given_up(engine: Engine) -> None:
    engine.pools("a")
    engine.create("demo", replicas=1)
    written(engine.nbd("demo"), 1)
    taken = engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "before"})
    assert (taken["name"], taken["size"]) == ("before", SIZE)
    written(engine.nbd("demo"), 2)
    assert engine.no("POST", "/v1/volumes/demo/snapshots", {"name": "before"})[0] == 409
    for name in ("", "a b", "../x", "x" * 300):
        assert engine.no("POST", "/v1/volumes/demo/snapshots", {"name": name})[0] == 409
    [found] = engine.ok("GET", "/v1/volumes/demo/snapshots")
    assert found["export"]
    assert engine.volume("demo")["snapshots"] == 1
    engine.ok("DELETE", "/v1/volumes/demo/snapshots/before")
    assert engine.ok("GET", "/v1/volumes/demo/snapshots") == []
    assert engine.no("DELETE", "/v1/volumes/demo/snapshots/before")[0] == 409


def test_a_replica_that_is_lost_is_rebuilt_elsewhere(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    written(engine.nbd("demo"), 3)
    victim = replica_of(made, "b")["id"]
    status, words = engine.no("POST", f"/v1/volumes/demo/replicas/{victim}/rebuild")
    assert (status, "is in sync" in words) == (409, True)
    assert engine.no("POST", "/v1/volumes/demo/replicas/r-none/rebuild")[0] == 404
    engine.pools("d")
    # The whole disk is away.
    disk, aside = engine.home / "pools" / "b", engine.folder / "aside"
    disk.rename(aside)
    engine.until(lambda: engine.volume("demo")["in_sync"] == 2)
    engine.until(lambda: f"{victim} is missing" in engine.findings("demo"))
    assert f"replica rebuild demo {victim}" in engine.findings("demo")
    job = engine.job(engine.ok("POST", f"/v1/volumes/demo/replicas/{victim}/rebuild"))
    assert job["state"] == "done", job
    assert "in pool d" in job["text"]
    after = engine.until_healthy("demo")
    assert replica_of(after, "d")["id"] == victim
    # It comes back with what the replica was: that is told, and never used.
    aside.rename(disk)
    engine.until(lambda: "was made anew elsewhere" in str(engine.ok("GET", "/v1/findings")))
    engine.stop()
    engine.start()
    after = engine.until_healthy("demo")
    assert replica_of(after, "d")["id"] == victim
    for pool in ("a", "c"):
        kill(replica_of(after, pool)["process"]["pid"])
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 3


def test_a_volume_is_taken_back_and_cloned(engine: Engine) -> None:
    engine.pools("a", "b")
    engine.create("demo", replicas=1)
    written(engine.nbd("demo"), 1)
    engine.ok("POST", "/v1/volumes/demo/snapshots", {"name": "one"})
    written(engine.nbd("demo"), 2)
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/clone", {"name": "copy", "snapshot": "one"}))
    assert job["state"] == "done", job
    assert read(engine.nbd("copy")) == 1
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/clone", {"name": "now"}))
    assert job["state"] == "done", job
    assert read(engine.nbd("now")) == 2
    assert [each["name"] for each in engine.ok("GET", "/v1/volumes/demo/snapshots")] == ["one"]
    for wanted in (
        {"name": "copy"},
        {"name": "A b"},
        {"name": "x", "snapshot": "none"},
        {"name": "x", "replicas": 9},
    ):
        engine.no("POST", "/v1/volumes/demo/clone", wanted)
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/snapshots/one/restore", {"keep": "two"}))
    assert job["state"] == "done", job
    assert read(engine.nbd("demo")) == 1
    assert [each["name"] for each in engine.ok("GET", "/v1/volumes/demo/snapshots")] == ["one", "two"]
    # On its own: the original goes.
    engine.job(engine.ok("DELETE", "/v1/volumes/demo"))
    written(engine.nbd("copy"), 5)
    assert [volume["name"] for volume in engine.ok("GET", "/v1/volumes")] == ["copy", "now"]
    engine.stop()
    engine.start()
    engine.until_healthy("copy")
    assert read(engine.nbd("copy")) == 5


def test_replicas_come_and_go_while_the_volume_is_used(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo", replicas=1, pools=["a"])
    written(engine.nbd("demo"), 4)
    status, words = engine.no("POST", "/v1/volumes/demo/replicas", {"pool": "a"})
    assert (status, "has a replica of demo already" in words) == (409, True)
    assert engine.no("POST", "/v1/volumes/demo/replicas", {"pool": "x"})[0] == 404
    for wanted in ({"pool": "b"}, {"witness": True}):
        job = engine.job(engine.ok("POST", "/v1/volumes/demo/replicas", wanted))
        assert job["state"] == "done", job
    after = engine.until_healthy("demo")
    assert (after["wanted"], after["in_sync"]) == (2, 2)
    assert {replica["pool"]: replica["kind"] for replica in after["replicas"]} == {
        "a": "replica",
        "b": "replica",
        "c": "witness",
    }
    # The first disk may go now; a new controller knows the newcomers too.
    first = made["replicas"][0]["id"]
    engine.kill()
    for pid in engine.processes("volume", "serve"):
        kill(pid)
    engine.start()
    engine.until_healthy("demo")
    gone = engine.job(engine.ok("DELETE", f"/v1/volumes/demo/replicas/{first}"))
    assert "single copy" in gone["error"]
    gone = engine.job(engine.ok("DELETE", f"/v1/volumes/demo/replicas/{first}?force=true"))
    assert gone["state"] == "done", gone
    assert list((engine.home / "pools" / "a" / "replicas").iterdir()) == []
    assert read(engine.nbd("demo")) == 4
    assert engine.until_healthy("demo")["wanted"] == 1


def test_a_scrub_is_held_back_also_by_the_next_controller(engine: Engine) -> None:
    engine.pools("a")
    engine.create("demo", replicas=1)
    assert engine.no("PUT", "/v1/volumes/demo/pace", {"share": 0})[0] == 400
    assert engine.volume("demo")["pace"] is None
    # A byte a second: it would not end within anybody's life.
    engine.ok("PUT", "/v1/volumes/demo/pace", {"limit": 1})
    kill(engine.volume("demo")["controller"]["pid"])
    engine.until(lambda: engine.volume("demo")["controller"]["restarts"] == 1)
    engine.until_healthy("demo")
    job = engine.ok("POST", "/v1/volumes/demo/scrub")
    assert engine.ok("GET", f"/v1/jobs/{job['id']}?wait=5")["state"] == "running"
    assert engine.volume("demo")["pace"]["limit"] == 1
    # Nor is it forgotten by the next engine, whatever its folder of states still has.
    engine.kill()
    shutil.rmtree(engine.home / "state")
    engine.start()
    engine.until_healthy("demo")
    assert engine.volume("demo")["pace"] == {"limit": 1, "share": 0.3}
    engine.stop()
    engine.start()
    engine.until_healthy("demo")
    assert engine.volume("demo")["pace"] == {"limit": 1, "share": 0.3}
    job = engine.ok("POST", "/v1/volumes/demo/scrub")
    assert engine.ok("GET", f"/v1/jobs/{job['id']}?wait=2")["state"] == "running"
    engine.ok("PUT", "/v1/volumes/demo/pace", {})
    assert engine.job(job)["state"] == "done"


def test_a_scrub_finds_rot_and_mends_it(engine: Engine) -> None:
    engine.pools("a", "b")
    made = engine.create("demo", replicas=2)
    written(engine.nbd("demo"), 9)
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/scrub"))
    assert "every block of every replica" in job["text"], job
    victim = replica_of(made, "b") if replica_of(made, "b")["kind"] == "replica" else replica_of(made, "a")
    data = next(Path(victim["path"]).glob("layer-*.data"))
    with data.open("r+b") as file:
        file.write(b"rot")
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/scrub"))
    assert job["state"] == "done", job
    assert f"byte 0 on {victim['id']} (rot, mended)" in job["text"]
    engine.until(lambda: engine.volume("demo")["mended"] == 1)
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/scrub"))
    assert "every block of every replica" in job["text"], job
