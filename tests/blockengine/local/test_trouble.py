"""Disks that fill up, replicas of another lineage or a newer format: told, survived, mended."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockengine.protocol.nbd_client import Client
from blockengine.replica.slots import SLOT
from tests.blockengine.local.running import Engine, replica_of, wait_for
from tests.blockengine.local.test_engine import read, written

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc"),
    # Dozens of processes started one after the other, each in its own time on a busy machine.
    pytest.mark.timeout(600),
]
MIB = 1 << 20


@pytest.fixture
def small(engine: Engine) -> Iterator[Path]:
    """A file system of 48 MiB."""
    if os.geteuid():
        pytest.skip("needs root to mount a small file system")
    place = engine.folder / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "none", str(place)], check=False)
    if mounted.returncode:
        pytest.skip("no file system could be mounted")
    yield place
    engine.close()
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def filled(socket: Path, mebibytes: int) -> None:
    """Write so much that no hole is left, and flush."""

    async def work() -> None:
        client = await Client.connect(socket)
        for number in range(mebibytes):
            await client.write(number * MIB, os.urandom(MIB))
        await client.flush()
        client.close()

    asyncio.run(asyncio.wait_for(work(), 100))


def test_a_pool_that_fills_up_costs_one_replica_until_there_is_room(engine: Engine, small: Path) -> None:
    engine.pools("a", "b")
    engine.ok("POST", "/v1/pools", {"path": str(small / "pool"), "name": "small"})
    made = engine.create("demo", size=40 * MIB)
    victim = replica_of(made, "small")["id"]
    filler = small / "somebody's file"
    filler.write_bytes(bytes(44 * MIB))
    filled(engine.nbd("demo"), 8)
    engine.until(lambda: engine.ok("GET", "/v1/pools/small")["state"] == "full")
    engine.until(lambda: engine.volume("demo")["in_sync"] == 2)
    engine.until(lambda: "pool small is full" in engine.findings("demo"))
    words = engine.findings("demo")
    assert victim in words
    assert "Free space" in words
    assert "3 replicas need 3 pools" in engine.no("POST", "/v1/volumes", {"name": "x", "size": MIB})[1]
    written(engine.nbd("demo"), 4)
    filler.unlink()
    engine.until_healthy("demo")
    engine.until(lambda: engine.ok("GET", "/v1/pools/small")["state"] == "healthy")
    assert read(engine.nbd("demo")) == 4


def test_a_creation_that_was_cut_leaves_nothing(engine: Engine) -> None:
    engine.pools("a", "b")
    engine.create("kept", replicas=1, pools=["a"])
    engine.kill()
    for name in ("a", "b"):
        folder = engine.home / "pools" / name / "replicas" / f"cut-r-{name}"
        words = ["replica", "create", str(folder), "--size", "8M", "--of", "cut", "--name", f"r-{name}"]
        subprocess.run([sys.executable, "-m", "blockengine", *words], check=True)
    engine.start()
    engine.until(lambda: not list((engine.home / "pools" / "b" / "replicas").iterdir()))
    engine.until(lambda: [volume["name"] for volume in engine.ok("GET", "/v1/volumes")] == ["kept"])
    assert any("never finished" in text for text in engine.events())
    engine.until_healthy("kept")


def test_a_replica_of_a_newer_format_is_left_alone_and_named(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    written(engine.nbd("demo"), 6)
    engine.stop()
    header = Path(replica_of(made, "b")["path"]) / "header"
    for slot in (0, 1):
        with header.open("r+b") as file:
            file.seek(slot * SLOT + 8)
            file.write((7).to_bytes(2, "little"))
    before = header.read_bytes()
    engine.start()
    engine.until(lambda: engine.volume("demo")["state"] == "serving")
    assert engine.volume("demo")["in_sync"] == 2
    assert read(engine.nbd("demo")) == 6
    told = "\n".join(each["why"] for each in engine.ok("GET", "/v1/findings"))
    assert "format 7; this program reads 1" in told
    assert header.read_bytes() == before


def test_replicas_of_two_lineages_want_a_person(engine: Engine) -> None:
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    engine.stop()
    # Somebody forces the volume onward with one replica only.
    directory = replica_of(made, "a")["path"]
    socket = engine.folder / "voter"
    words = ["replica", "serve", directory, "--listen", f"unix:{socket}"]
    serving = subprocess.Popen([sys.executable, "-m", "blockengine", *words])
    try:
        wait_for(socket.exists)
        force = ["volume", "force", "--voter", f"unix:{socket}", "--why", "a test"]

        def forced() -> bool:
            done = subprocess.run([sys.executable, "-m", "blockengine", *force], check=False, timeout=60)
            return done.returncode == 0

        # A voter that was just started grants nobody anything for one lease.
        wait_for(forced)
    finally:
        serving.terminate()
        serving.wait(60)
    engine.start()
    engine.until(lambda: engine.volume("demo")["health"] == "failed")
    words_told = engine.findings("demo")
    assert "its replicas are of 2 lineages" in words_told
    assert "move the directories of the others" in words_told
    assert engine.no("POST", "/v1/volumes/demo/attachment", {})[0] == 409
    # The person decides: the others go, and the volume is served by what is left.
    for pool in ("b", "c"):
        Path(replica_of(made, pool)["path"]).rename(engine.folder / pool)
    engine.until(lambda: engine.volume("demo")["state"] == "serving")


def test_a_replica_whose_process_stands_still_is_left_behind_and_comes_back(engine: Engine) -> None:
    import signal

    engine.pools("a", "b", "c")
    made = engine.create("demo")
    victim = replica_of(made, "c")
    os.kill(victim["process"]["pid"], signal.SIGSTOP)
    written(engine.nbd("demo"), 2)
    engine.until(lambda: engine.volume("demo")["health"] == "degraded")
    assert victim["id"] in engine.findings("demo")
    # The whole engine can be ended all the same.
    engine.stop()
    assert engine.processes() == []
