"""Disks that fill up, replicas of another lineage or a newer format: told, survived, mended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from blockengine.protocol.nbd import Code
from blockengine.protocol.nbd_client import Client, Refused
from blockengine.replica.slots import SLOT
from tests.blockengine.local.running import Engine, replica_of, wait_for
from tests.blockengine.local.test_engine import read, written
from tests.blockengine.volume.peers import need, run

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


def filled(socket: Path, mebibytes: int, *, first: int = 0) -> None:
    """Write so much that no hole is left, and flush."""

    async def work() -> None:
        client = await Client.connect(socket)
        for number in range(first, first + mebibytes):
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


def test_all_pools_full_is_told_to_whoever_writes_and_room_is_all_it_takes(
    engine: Engine, small: Path
) -> None:
    """One file system for three pools: no replica can take the write, and none leaves for that."""
    for name in "abc":
        engine.ok("POST", "/v1/pools", {"path": str(small / name), "name": name})
    engine.create("demo", size=16 * MIB)
    written(engine.nbd("demo"), 3)
    filler = small / "somebody's file"
    with filler.open("wb") as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(MIB))
            file.flush()
    with pytest.raises(Refused) as told:
        filled(engine.nbd("demo"), 8, first=4)
    assert told.value.code == Code.ENOSPC
    assert engine.volume("demo")["in_sync"] == 3
    engine.until(lambda: "is full" in "".join(one["what"] for one in engine.ok("GET", "/v1/findings")))
    assert read(engine.nbd("demo")) == 3
    filler.unlink()
    filled(engine.nbd("demo"), 8, first=4)
    engine.until_healthy("demo")
    scrub = engine.job(engine.ok("POST", "/v1/volumes/demo/scrub"))
    assert (scrub["state"], scrub["text"]) == ("done", "every block of every replica is as it should be")


def test_a_replica_is_not_made_anew_where_its_bytes_have_no_room(engine: Engine, small: Path) -> None:
    engine.pools("a", "b", "d")
    engine.ok("POST", "/v1/pools", {"path": str(small / "pool"), "name": "small"})
    engine.create("demo", size=40 * MIB, pools=["a", "b", "d"])
    filled(engine.nbd("demo"), 30)
    (small / "somebody's file").write_bytes(bytes(25 * MIB))
    status, words = engine.no("POST", "/v1/volumes/demo/replicas", {"pool": "small"})
    assert status == 409
    assert "pool small has 2" in words
    assert "replicas of demo take 30" in words
    assert engine.ok("GET", "/v1/jobs")[-1]["kind"] == "create"
    (small / "somebody's file").unlink()
    job = engine.job(engine.ok("POST", "/v1/volumes/demo/replicas", {"pool": "small"}))
    assert job["state"] == "done", job


@pytest.fixture
def fragile(engine: Engine) -> Iterator[tuple[str, Path]]:
    """A file system that goes read-only when it is told of an error: its device, and where it is."""
    need("losetup", "mkfs.ext4", "fsck.ext4")
    if os.geteuid() or not Path("/dev/loop-control").exists():
        pytest.skip("needs root and loop devices")
    image, place = engine.folder / "image", engine.folder / "fragile"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(96 * MIB)
    found = run("losetup", "--find", "--show", image, check=False)
    if found.returncode:
        pytest.skip(f"no loop device could be set up: {found.stderr.strip()}")
    device = found.stdout.strip()
    try:
        run("mkfs.ext4", "-q", device)
        run("mount", "-o", "errors=remount-ro", device, place)
        if not os.access(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error", os.W_OK):
            pytest.skip("this kernel can't be told of an error")
        yield device, place
        engine.close()
    finally:
        run("umount", "--lazy", place, check=False)
        run("losetup", "--detach", device, check=False)


def test_a_file_system_that_went_read_only_costs_one_replica_until_it_is_repaired(
    engine: Engine, fragile: tuple[str, Path]
) -> None:
    device, place = fragile
    engine.pools("a", "b")
    engine.ok("POST", "/v1/pools", {"path": str(place / "pool"), "name": "fragile"})
    made = engine.create("demo", size=24 * MIB)
    victim = replica_of(made, "fragile")["id"]
    filled(engine.nbd("demo"), 4)
    written(engine.nbd("demo"), 5)
    Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("a test")
    written(engine.nbd("demo"), 6)
    engine.until(lambda: engine.ok("GET", "/v1/pools/fragile")["state"] == "read-only")
    engine.until(lambda: engine.volume("demo")["in_sync"] == 2)
    words = engine.findings("demo")
    assert victim in words
    assert "read-only" in words
    assert "check the disk" in words
    assert read(engine.nbd("demo")) == 6
    # What a person does: away with it, repaired, and there again.
    run("umount", "--lazy", place)
    engine.until(lambda: engine.ok("GET", "/v1/pools/fragile")["state"] == "vanished")
    engine.until(lambda: replica_of_id(engine, victim)["process"]["state"] == "stopped")
    written(engine.nbd("demo"), 7)
    engine.until(lambda: run("fsck.ext4", "-f", "-y", device, check=False).returncode in (0, 1))
    run("mount", device, place)
    engine.until_healthy("demo")
    assert read(engine.nbd("demo")) == 7
    scrub = engine.job(engine.ok("POST", "/v1/volumes/demo/scrub"))
    assert (scrub["state"], scrub["text"]) == ("done", "every block of every replica is as it should be")


def replica_of_id(engine: Engine, name: str) -> Any:
    return next(one for one in engine.volume("demo")["replicas"] if one["id"] == name)


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
