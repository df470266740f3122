from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.real.control_plane import wait_for
from tests.real.processes import Died, Process, clean_up_after_the_dead, start_time

SLEEP = [sys.executable, "-c", "import time; time.sleep(300)"]


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SLEEP) as process:
        yield process
        process.kill()


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def run_folder(root: Path, *, owner: int, started: str | None) -> Path:
    folder = root / "navarch-real-old"
    (folder / "cluster").mkdir(parents=True)
    (folder / "owner.json").write_text(json.dumps({"pid": owner, "started": started}))
    return folder


def test_a_dead_owners_processes_are_killed_and_its_folder_removed(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    folder = run_folder(tmp_path, owner=dead_pid(), started="1")
    record = {"pid": stranger.pid, "started": start_time(stranger.pid)}
    (folder / "cluster" / "etcd.pid.json").write_text(json.dumps(record))
    assert clean_up_after_the_dead(tmp_path) == [folder]
    assert stranger.wait(10) == -9
    assert not folder.exists()


def test_a_pid_that_now_belongs_to_someone_else_is_spared(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    folder = run_folder(tmp_path, owner=dead_pid(), started="1")
    (folder / "cluster" / "etcd.pid.json").write_text(json.dumps({"pid": stranger.pid, "started": "1"}))
    assert clean_up_after_the_dead(tmp_path) == [folder]
    assert stranger.poll() is None


def test_an_owner_whose_pid_was_reused_counts_as_dead(
    tmp_path: Path, stranger: subprocess.Popen[bytes]
) -> None:
    folder = run_folder(tmp_path, owner=stranger.pid, started="1")
    assert clean_up_after_the_dead(tmp_path) == [folder]


def test_a_living_owner_and_a_folder_still_being_set_up_are_left_alone(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, owner=os.getpid(), started=start_time(os.getpid()))
    young = tmp_path / "navarch-real-young"
    young.mkdir()
    assert clean_up_after_the_dead(tmp_path) == []
    assert folder.exists()
    assert young.exists()
    os.utime(young, (0, 0))
    assert clean_up_after_the_dead(tmp_path) == [young]


def test_unreadable_records_kill_nothing(tmp_path: Path) -> None:
    folder = run_folder(tmp_path, owner=dead_pid(), started="1")
    for number, text in enumerate(("", "[]", '{"pid": "x"}', '{"pid": 1}')):
        (folder / f"{number}.pid.json").write_text(text)
    assert clean_up_after_the_dead(tmp_path) == [folder]


def test_a_process_that_ends_early_says_why(tmp_path: Path) -> None:
    process = Process("quick", [sys.executable, "-c", "print('no such flag'); raise SystemExit(3)"], tmp_path)
    process.start()
    assert wait_for(lambda: not process.running, 20)
    with pytest.raises(Died, match=r"quick ended with 3:\nno such flag"):
        process.check()
    process.stop()


def test_stop_kills_what_ignores_sigterm(tmp_path: Path) -> None:
    code = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "print('deaf', flush=True); time.sleep(300)"
    )
    process = Process("deaf", [sys.executable, "-c", code], tmp_path)
    process.start()
    pid = process.pid
    assert wait_for(lambda: "deaf" in process.tail(), 20)
    process.stop(grace=0.1)
    assert start_time(pid) is None
    assert not list(tmp_path.glob("*.pid.json"))


def test_starting_from_another_thread_is_refused(tmp_path: Path) -> None:
    seen: list[Exception] = []

    def start() -> None:
        try:
            Process("sleep", SLEEP, tmp_path).start()
        except RuntimeError as error:
            seen.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(seen[0])
