"""Volumes found again from what lies on disks, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from blockengine.cli.main import main
from blockengine.cli.place import here
from blockengine.disks.recovering import Part, VolumeFound, volumes
from blockengine.disks.scanning import scan
from blockengine.membership import catalog as catalogs
from blockengine.membership import changes
from blockengine.membership.ballot import Ballot
from blockengine.membership.catalog import Catalog, Snapshot
from blockengine.membership.record import Epoch, Member, Override, Position, Record, Voter
from blockengine.replica.creating import create_replica
from blockengine.replica.files import RealDirectory
from blockengine.replica.replica import Replica
from blockengine.replica.witness import Witness

SIZE = 1 << 20
AT = Position(Epoch(1, 7), 1)
NAMES = ("a", "b", "c")


def record(volume: str = "v", names: tuple[str, ...] = NAMES) -> Record:
    voters = tuple(Voter(name, 1) for name in names)
    members = tuple(Member(name, "boot", AT) for name in names)
    return Record(volume, "l1", AT, voters, members, size=SIZE, name="ledger", policy="three")


def made(folder: Path, name: str, held: Record | None, *, volume: str = "v") -> Replica:
    folder.mkdir(parents=True)
    ballot = Ballot(name, 1, record=None)
    replica = create_replica(
        RealDirectory(folder), ballot, volume=volume, size=SIZE, place=here(), region=65536
    )
    if held is not None:
        replica.store_record(held)
    return replica


@pytest.fixture
def disks(tmp_path: Path) -> Path:
    """Three replicas of one volume in two places, with a snapshot."""
    listed = Catalog((Snapshot(5, "monday", SIZE, 1000, AT),))
    raw = catalogs.encoded(listed)
    named = changes.list_snapshots(record(), catalogs.digest(raw), Position(AT.epoch, 2))
    for place, name in (("one", "a"), ("one/deep", "b"), ("two", "c")):
        replica = made(tmp_path / place / name, name, record())
        replica.cut(5)
        replica.keep_list(raw)
        replica.store_record(named)
        replica.close()
    return tmp_path


def recovered(*folders: Path) -> list[VolumeFound]:
    return volumes(scan(folders, here()))


def parts(volume: VolumeFound) -> dict[str, Part]:
    return {Path(part.path).name: part for part in volume.parts}


def newest(folder: Path) -> Record:
    replica = Replica.open(RealDirectory(folder), here())
    held = replica.ballot.record
    replica.close()
    assert held is not None
    return held


def store(folder: Path, held: Record) -> None:
    replica = Replica.open(RealDirectory(folder), here())
    replica.store_record(held)
    replica.close()


def test_everything_is_known_from_the_replicas_alone(disks: Path) -> None:
    (volume,) = recovered(disks / "one", disks / "two")
    assert (volume.volume, volume.name, volume.size, volume.policy) == ("v", "ledger", SIZE, "three")
    assert volume.catalog is not None
    assert [one.name for one in volume.catalog.snapshots] == ["monday"]
    assert {name: part.state for name, part in parts(volume).items()} == dict.fromkeys(NAMES, "in-sync")
    assert volume.startable
    assert not volume.missing


def test_nothing_on_the_disks_is_changed(disks: Path) -> None:
    def everything() -> dict[str, tuple[bytes, int]]:
        files = [path for path in disks.rglob("*") if path.is_file()]
        return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    # One slot is damaged: opening would mend it.
    with (disks / "one" / "a" / "ballot").open("r+b") as file:
        file.seek(64 * 1024 + 40)
        file.write(b"\xff\xff")
    before = everything()
    recovered(disks)
    assert everything() == before


def test_one_that_missed_writes_is_stale(disks: Path) -> None:
    held = newest(disks / "one" / "a")
    without = changes.remove(held, ["c"], Position(AT.epoch, 3))
    for path in (disks / "one" / "a", disks / "one" / "deep" / "b"):
        store(path, without)
    (volume,) = recovered(disks)
    assert parts(volume)["c"].state == "stale"
    assert "since record 1.3" in parts(volume)["c"].why
    assert volume.startable


def test_a_copy_is_told_from_its_original(disks: Path) -> None:
    shutil.copytree(disks / "two" / "c", disks / "backup" / "c2")
    (volume,) = recovered(disks)
    assert parts(volume)["c2"].state == "copy"
    assert not parts(volume)["c2"].usable
    assert parts(volume)["c"].state == "in-sync"
    assert "start this one" in parts(volume)["c"].why


def test_one_that_was_moved_says_how_to_start_it(disks: Path) -> None:
    shutil.copytree(disks / "two" / "c", disks / "new")
    shutil.rmtree(disks / "two")
    (volume,) = recovered(disks)
    moved = next(part for part in volume.parts if part.id == "c")
    assert (moved.usable, moved.moved) == (True, True)


def test_a_lineage_that_was_left_is_foreign(disks: Path) -> None:
    held = newest(disks / "one" / "a")
    forced = changes.force(held, {"a"}, epoch=Epoch(5, 9), lineage="l2")
    forced = replace(forced, voters=(Voter("a", 2),))
    replica = Replica.open(RealDirectory(disks / "one" / "a"), here())
    replica.enter(forced, incarnation=2, override=Override("l2", "l1", "dana", 1000, "fire"))
    replica.close()
    (volume,) = recovered(disks)
    states = {name: part.state for name, part in parts(volume).items()}
    assert states == {"a": "in-sync", "b": "foreign", "c": "foreign"}
    assert volume.lineages == ("l2",)
    assert volume.startable
    assert not parts(volume)["b"].usable
    assert "left by dana" in parts(volume)["b"].why


def test_two_lineages_that_nobody_left_are_for_a_person(disks: Path) -> None:
    path = disks / "three" / "d"
    made(path, "d", replace(record(names=("d",)), lineage="l9")).close()
    (volume,) = recovered(disks)
    assert volume.lineages == ("l1", "l9")
    assert not volume.startable
    assert "a person has to say" in volume.advice


def test_no_majority_is_said(disks: Path) -> None:
    (volume,) = recovered(disks / "two")
    assert volume.missing == ("a", "b")
    assert not volume.startable
    assert "no majority" in volume.advice


def test_damage_is_named_and_hides_nothing_else(disks: Path) -> None:
    for slot in (0, 64 * 1024):
        with (disks / "two" / "c" / "ballot").open("r+b") as file:
            file.seek(slot + 40)
            file.write(b"\xff\xff")
    (disks / "junk").mkdir()
    (disks / "junk" / "header").write_bytes(b"x" * 100)
    (disks / "junk" / "ballot").write_bytes(b"")
    volume, unknown = recovered(disks)
    assert parts(volume)["c"].state == "damaged"
    assert "ballot" in parts(volume)["c"].why
    assert volume.startable
    assert unknown.volume == ""
    assert parts(unknown)["junk"].state == "damaged"


def test_two_volumes_and_a_witness(disks: Path, tmp_path: Path) -> None:
    with_witness = record("w", ("x", "y"))
    made(tmp_path / "x", "x", with_witness, volume="w").close()
    blank = made(tmp_path / "z", "z", None, volume="w")
    folder = tmp_path / "y"
    folder.mkdir()
    Witness.create(RealDirectory(folder), Ballot("y", 1), volume="w", place=here()).close()
    blank.close()
    first, second = recovered(disks)
    assert (first.volume, second.volume) == ("v", "w")
    assert {name: part.state for name, part in parts(second).items()} == {
        "x": "in-sync",
        "y": "blank",
        "z": "blank",
    }


def test_the_command_tells_people_and_programs(disks: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recover", str(disks)]) == 0
    said = capsys.readouterr().out
    assert "volume v (ledger)" in said
    assert "snapshots: monday" in said
    assert "replica serve" in said
    assert main(["recover", "--json", str(disks)]) == 0
    (volume,) = msgspec.json.decode(capsys.readouterr().out)
    assert volume["startable"] is True
    assert main(["recover", str(disks / "none")]) == 1
