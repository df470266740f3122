from __future__ import annotations

import errno
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.observe.logs import spool as spooling
from backend.observe.logs.block import Entry
from backend.observe.logs.spool import Spool
from backend.observe.logs.spool_file import SpoolFile, SpoolFolder, clean


def entries(start: int, stop: int, *, size: int = 60) -> list[Entry]:
    return [
        Entry(number * 1000, number % 7, number % 9, b"%08d " % number + b"x" * (number % size))
        for number in range(start, stop)
    ]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(folder=SpoolFolder(tmp_path))
    yield made
    made.close()


def test_what_was_appended_is_read_by_number(spool: Spool) -> None:
    spool.append(entries(0, 50_000))
    spool.settle().result(20)
    dice = random.Random(1)
    for _ in range(50):
        start = dice.randrange(50_000)
        assert spool.read(start, start + 100) == entries(start, min(50_000, start + 100))
    assert (spool.first, spool.end, spool.dropped) == (0, 50_000, 0)
    assert spool.at_hand(49_990, 50_010) == entries(49_990, 50_000), "the latest lines need no disk"
    assert spool.line_at(31_415_000) == 31_415
    assert spool.line_at(31_415_001) == 31_416
    assert spool.line_at(10**9) == spool.end


def test_nothing_readable_and_no_name_is_on_disk(tmp_path: Path) -> None:
    spool = Spool(folder=SpoolFolder(tmp_path))
    spool.append([Entry(0, 0, 0, b"a secret word")] * 40_000)
    spool.settle().result(20)
    assert list(tmp_path.iterdir()) == []
    data = [file.read(0, file.size) for file in spool._files]
    assert data
    assert all(b"secret" not in piece for piece in data)
    spool.close()
    assert spool._key == b""


def test_the_oldest_lines_go_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(folder=SpoolFolder(tmp_path), largest=4 * 1024 * 1024)
    try:
        for start in range(0, 300_000, 1000):
            spool.append(entries(start, start + 1000))
            spool.settle().result(20)
        assert 0 < spool.dropped < 299_000
        assert spool.bytes_on_disk <= 4 * 1024 * 1024
        assert spool.read(0, 10) == []
        first = spool.first
        assert spool.read(first - 5, first + 5) == entries(first, first + 5)
        assert spool.read(299_990, 300_000) == entries(299_990, 300_000)
    finally:
        spool.close()


def test_memory_is_the_index(spool: Spool) -> None:
    """Some 40 bytes for each block of thousands of lines."""
    spool.append(entries(0, 200_000))
    spool.settle().result(20)
    assert len(spool._unwritten) == 0
    assert len(spool._cache) <= spooling._CACHED
    assert len(spool._index._first) < 200_000 / 1000


class FullDisk(SpoolFolder):
    """A disk with room for so many bytes; then it is full, as long as nothing is removed."""

    def __init__(self, folder: Path, room: int) -> None:
        super().__init__(folder)
        self.room = room

    def new_file(self) -> SpoolFile:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        made = super().new_file()
        disk = self

        class Filling(SpoolFile):
            def append(self, data: bytes) -> int:
                if disk.room < len(data):
                    raise OSError(errno.ENOSPC, "No space left on device")
                disk.room -= len(data)
                return super().append(data)

            def close(self) -> None:
                disk.room += self.size
                super().close()

        made.__class__ = Filling
        return made


def test_on_a_full_disk_older_lines_make_room(tmp_path: Path) -> None:
    spool = Spool(folder=FullDisk(tmp_path, 3_000_000), largest=64 * 1024 * 1024)
    try:
        spool.append(entries(0, 200_000))
        spool.settle().result(20)
        assert spool.dropped > 0
        assert not spool.trouble
        assert spool.read(199_000, 200_000) == entries(199_000, 200_000)
    finally:
        spool.close()


def test_without_any_room_the_latest_lines_stay_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spooling, "UNWRITTEN", 1_000_000)
    folder = FullDisk(tmp_path, 0)
    spool = Spool(folder=folder)
    try:
        spool.append(entries(0, 100_000))
        spool.settle().result(20)
        assert "No space left" in spool.trouble
        assert not spool.busy, "nobody waits for a disk that takes nothing"
        first = spool.first
        assert 0 < first < 99_000
        assert spool.read(first, 100_000) == entries(first, 100_000)
        folder.room = 100_000_000
        spool.append(entries(100_000, 120_000))
        spool.settle().result(20)
        assert not spool.trouble
        assert spool.read(first, 120_000) == entries(first, 120_000), "what waited is on disk now"
    finally:
        spool.close()


def test_what_a_killed_run_left_is_removed_and_what_is_held_stays(tmp_path: Path) -> None:
    held = "import fcntl,os,sys; f=os.open(sys.argv[1],os.O_RDWR|os.O_CREAT,0o600); fcntl.flock(f,2); "
    alive = subprocess.Popen(
        [sys.executable, "-c", held + "print(1,flush=True); sys.stdin.read()", tmp_path / "spool-1-a"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert alive.stdout is not None
        alive.stdout.readline()
        (tmp_path / "spool-2-b").write_bytes(b"left")
        (tmp_path / "other").write_bytes(b"not ours")
        clean(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "spool-1-a"]
    finally:
        alive.communicate(timeout=20)
    clean(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
