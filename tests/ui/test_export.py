"""Export from the console: what is shown, into a new private file, whole or not at all."""

from __future__ import annotations

import csv
import errno
import json
import os
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from console.application import NavarchApp
from console.saving import Exists, NotSaved, save
from tests.ui.double import SessionDouble
from tests.ui.seeing import see, write

Open = Callable[..., NavarchApp]


def test_a_file_is_never_overwritten_unasked_and_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    save(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Exists):
        save(path, b"two")
    assert path.read_bytes() == b"one"
    save(path, b"two", replace=True)
    assert path.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["out.csv"]


def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NotSaved, match="No space left"):
        save(tmp_path / "out.csv", b"content")
    assert os.listdir(tmp_path) == []
    with pytest.raises(NotSaved):
        save(tmp_path / "no" / "folder.csv", b"content")


async def exporting(pilot: Any, line: str, sign: str, path: Path) -> None:
    await see(pilot, "3 clusters")
    await write(pilot, f":{line}")
    await pilot.press("enter")
    await see(pilot, sign)
    await pilot.press("ctrl+e")
    await see(pilot, "Export what is shown")
    await pilot.press("ctrl+a", "ctrl+k")
    await write(pilot, str(path))
    await pilot.press("enter")


async def test_csv_of_what_passes_the_filter(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    path = tmp_path / "out.csv"
    async with app.run_test(size=(120, 40)) as pilot:
        await exporting(pilot, "pods @prod-eu /crash --sort RESTARTS", "2 of 30 rows", path)
        await see(pilot, "Written")
    lines = path.read_text().split("\n")
    assert "pods @prod-eu /crash --sort RESTARTS" in lines[0]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    assert [row["STATUS"] for row in rows] == ["CrashLoopBackOff"] * 2
    assert [int(row["RESTARTS"]) for row in rows] == sorted(int(row["RESTARTS"]) for row in rows)


async def test_json_and_the_second_enter_replaces(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    path = tmp_path / "out.json"
    path.write_text("precious")
    async with app.run_test(size=(120, 40)) as pilot:
        await exporting(pilot, "pods @prod-eu", "30 rows", path)
        await see(pilot, "Enter again replaces it")
        assert path.read_text() == "precious"
        await pilot.press("enter")
        await see(pilot, "Written")
    assert len(json.loads(path.read_text())["rows"]) == 30


async def test_a_picture_names_no_other_place_and_shows_no_secret(open_app: Open, tmp_path: Path) -> None:
    app = open_app(SessionDouble())
    path = tmp_path / "out.svg"
    async with app.run_test(size=(120, 40)) as pilot:
        await exporting(pilot, "secrets @prod-eu", "· 1 row", path)
        await see(pilot, "Written")
    text = path.read_text()
    root = ET.fromstring(text)
    assert "Opaque" in "".join(root.itertext())
    assert text.count("http") == 1  # the name space
    assert "hunter2" not in text


async def test_an_unknown_ending_is_refused(open_app: Open, tmp_path: Path) -> None:
    app = open_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await exporting(pilot, "pods @prod-eu", "30 rows", tmp_path / "out.exe")
        await see(pilot, "End the name with one of .csv")
    assert os.listdir(tmp_path) == []
