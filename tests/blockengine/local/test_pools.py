"""Pools: directories that vanish, change, are copied, or were written by somebody else."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from blockengine.control.engine import Impossible
from blockengine.local import making
from blockengine.local import pools as module
from blockengine.local.finding import find, stray
from blockengine.local.pools import MARK, Pool, Pools, read_marker
from blockengine.replica.replica import Place
from blockengine.replica.slots import SLOT

PLACE = Place("machine", "boot")
SIZE = 4 << 20


@pytest.fixture
def pools(tmp_path: Path) -> Pools:
    return Pools(tmp_path / "pools.json", PLACE)


def replica(pool: Pool, volume: str = "v", name: str = "r-1") -> Path:
    return making.make_replica(pool, volume, name, size=SIZE, block_size=4096, place=PLACE)


async def test_a_directory_becomes_a_pool_and_is_known_again(pools: Pools, tmp_path: Path) -> None:
    made = await pools.add(tmp_path / "My Disk!", "")
    assert (made.known.name, made.state) == ("my-disk", "healthy")
    replica(made)
    again = Pools(tmp_path / "other.json", PLACE)
    taken = await again.add(tmp_path / "My Disk!", "another-name")
    assert taken.known == made.known
    assert list(find(again)) == ["v"]


async def test_pools_of_one_name_are_told_apart(pools: Pools, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    await pools.add(tmp_path / "disk", "")
    assert (await pools.add(tmp_path / "x" / "disk", "")).known.name == "disk-2"


async def test_a_directory_with_something_in_it_is_refused_and_left_alone(
    pools: Pools, tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo").write_text("keep me")
    with pytest.raises(Impossible, match="'photo' is there"):
        await pools.add(tmp_path / "mine", "")
    assert [entry.name for entry in (tmp_path / "mine").iterdir()] == ["photo"]
    # A fresh file system has this one.
    (tmp_path / "disk" / "lost+found").mkdir(parents=True)
    assert (await pools.add(tmp_path / "disk", "")).state == "healthy"


async def test_a_copied_pool_is_refused_a_moved_one_is_followed(pools: Pools, tmp_path: Path) -> None:
    made = await pools.add(tmp_path / "a", "")
    shutil.copytree(tmp_path / "a", tmp_path / "copy")
    with pytest.raises(Impossible, match="is a copy of pool a"):
        await pools.add(tmp_path / "copy", "")
    shutil.rmtree(tmp_path / "a")
    (tmp_path / "copy").rename(tmp_path / "b")
    moved = await pools.add(tmp_path / "b", "")
    assert (moved.known.id, moved.known.path) == (made.known.id, str(tmp_path / "b"))


async def test_pools_lead_to_each_other_also_after_a_lost_list(pools: Pools, tmp_path: Path) -> None:
    for name in "abc":
        await pools.add(tmp_path / name, "")
    fresh = Pools(tmp_path / "lost.json", PLACE)
    marker = read_marker(tmp_path / "b")
    assert marker is not None
    assert set(marker.kin) == {str(tmp_path / "a"), str(tmp_path / "c")}
    await fresh.take(tmp_path / "b", marker)
    kept = read_marker(tmp_path / "b")
    assert kept is not None
    assert set(kept.kin) == set(marker.kin)
    fresh.forget(fresh.find("b"))
    pools.forget(pools.find("c"))
    left = read_marker(tmp_path / "a")
    assert left is not None
    assert str(tmp_path / "c") not in left.kin


@pytest.mark.parametrize(
    ("spoil", "state", "words"),
    [
        (shutil.rmtree, "vanished", "unmounted"),
        (lambda path: (path / MARK).unlink(), "vanished", "unmounted"),
        (lambda path: (path / MARK).write_bytes(b"\x00\xff"), "failing", ""),
        (lambda path: _mark(path, id="other"), "foreign", "another pool"),
        (lambda path: _mark(path, format=9), "foreign", "newer navarch"),
        (lambda path: shutil.rmtree(path / "replicas"), "vanished", "unmounted"),
    ],
)
async def test_what_is_wrong_with_a_pool_is_seen(
    pools: Pools, tmp_path: Path, spoil: Callable[[Path], object], state: str, words: str
) -> None:
    made = await pools.add(tmp_path / "a", "")
    spoil(tmp_path / "a")
    await pools.look(made)
    assert made.state == state
    assert words in made.reason


def _mark(path: Path, **changed: object) -> None:
    marker = read_marker(path)
    assert marker is not None
    (path / MARK).write_bytes(msgspec.json.encode(msgspec.structs.replace(marker, **changed)))


@pytest.mark.parametrize(
    ("changed", "state"),
    [({"f_flag": os.ST_RDONLY}, "read-only"), ({"f_bavail": 10}, "full"), ({}, "healthy")],
)
async def test_a_file_system_that_is_full_or_read_only(
    pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: dict[str, int], state: str
) -> None:
    made = await pools.add(tmp_path / "a", "")
    real = {"f_blocks": 1 << 20, "f_frsize": 4096, "f_bavail": 1 << 19, "f_flag": 0} | changed
    monkeypatch.setattr(module.os, "statvfs", lambda path: SimpleNamespace(**real))
    await pools.look(made)
    assert made.state == state
    assert bool(made.reason) == (state != "healthy")


async def test_a_disk_that_fails_or_hangs_stops_nobody(
    pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await pools.add(tmp_path / "a", "")
    import threading

    go_on = threading.Event()

    def hangs(path: object) -> object:
        go_on.wait(60)
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(module, "_LOOK_DEADLINE", 0.2)
    monkeypatch.setattr(module.os, "statvfs", hangs)
    await pools.look(made)
    assert (made.state, "did not answer" in made.reason) == ("failing", True)
    go_on.set()
    monkeypatch.setattr(module, "_LOOK_DEADLINE", 20)
    await pools.look(made)
    assert (made.state, "Input/output" in made.reason) == ("failing", True)


async def test_a_pool_that_goes_while_it_is_looked_at_is_not_an_empty_one(
    pools: Pools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await pools.add(tmp_path / "a", "")
    kept = {replica(made, name=name) for name in ("r-1", "r-2")}
    await pools.look(made)
    listed = os.listdir

    def and_then_it_goes(path: Path) -> list[str]:
        names = listed(path)
        if path == made.replicas and path.exists():
            (tmp_path / "a").rename(tmp_path / "aside")
        return names

    monkeypatch.setattr(module.os, "listdir", and_then_it_goes)
    await pools.look(made)
    assert made.state == "vanished"
    assert {place.seen.path for place in find(pools)["v"].values()} == kept


async def test_replicas_that_can_not_be_used_are_named(pools: Pools, tmp_path: Path) -> None:
    made = await pools.add(tmp_path / "a", "")
    newer, broken, empty = replica(made, name="r-1"), replica(made, name="r-2"), made.replicas / "nothing"
    for slot in (0, 1):
        with (newer / "header").open("r+b") as file:
            file.seek(slot * SLOT + 8)
            file.write((9).to_bytes(2, "little"))
    (broken / "header").write_bytes(secrets.token_bytes(2 * SLOT))
    empty.mkdir()
    (made.replicas / "a file").write_text("no folder")
    good = replica(made, name="r-3")
    await pools.look(made)
    assert [place.seen.path for place in find(pools)["v"].values()] == [good]
    told = {finding.what.rpartition("/")[2].split()[0]: finding.why for finding in stray(pools)}
    assert "format 9" in told["v-r-1"]
    assert "both copies are damaged" in told["v-r-2"]
    assert told["nothing"] == "no replica is in it"
    assert len(told) == 3


async def test_a_look_changes_nothing_even_of_a_torn_slot(pools: Pools, tmp_path: Path) -> None:
    made = await pools.add(tmp_path / "a", "")
    folder = replica(made)
    with (folder / "header").open("r+b") as file:
        file.write(bytes(64))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    await pools.look(made)
    assert find(pools)["v"]["r-1"].seen.trouble == ""
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


async def test_of_a_copied_replica_the_one_in_its_place_counts(pools: Pools, tmp_path: Path) -> None:
    one, other = await pools.add(tmp_path / "a", ""), await pools.add(tmp_path / "b", "")
    folder = replica(other)
    shutil.copytree(folder, one.replicas / "copy")
    await pools.look_at_all()
    place = find(pools)["v"]["r-1"]
    assert (place.pool, place.seen.trouble) == ("b", "")
    [finding] = stray(pools)
    assert "copy is not used" in finding.what
    # The pool of the original is away: what is left is known for a copy.
    shutil.rmtree(tmp_path / "b")
    await pools.look_at_all()
    place = find(pools)["v"]["r-1"]
    assert place.seen.misplaced
