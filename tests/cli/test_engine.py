"""``navarch engine``: the real command, the real engine, a real file system on a volume."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.alive import alive
from tests.blockengine.local.running import wait_for
from tests.blockengine.volume.peers import need, run
from tests.cli.navarch_command import navarch as command

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc"),
    # Dozens of processes started one after the other, each in its own time on a busy machine.
    pytest.mark.timeout(600),
]
DEADLINE = 120.0


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home of its own; whatever runs in it ends with the test."""
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    monkeypatch.setenv("NAVARCH_HOME", str(folder))
    yield folder
    command("engine", "local", "down", "--force", deadline=DEADLINE)
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if os.readlink(entry / "cwd").startswith(str(folder)):
                os.kill(int(entry.name), signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


def navarch(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = command("engine", *words, deadline=DEADLINE)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


def told(*words: str) -> Any:
    return json.loads(navarch(*words, "-o", "json").stdout)


def healthy() -> bool:
    return bool(told("volume", "show", "demo")["health"] == "healthy")


def can_attach() -> None:
    need("nbdfuse", "losetup", "mkfs.ext4")
    if os.geteuid() or not os.access("/dev/fuse", os.W_OK) or not Path("/dev/loop-control").exists():
        pytest.skip("needs root, /dev/fuse and loop devices")


def test_up_create_attach_and_whatever_dies_nothing_is_lost(home: Path) -> None:
    """The engine's promise to a person, end to end."""
    can_attach()
    navarch("local", "up")
    navarch("volume", "create", "demo", "--size", "256M", "--replicas", "3")
    attached = navarch("volume", "attach", "demo")
    device = attached.stdout.strip()
    assert Path(device).is_block_device()
    assert "nbdfuse and a loop device" in attached.stderr or "nbd-client" in attached.stderr
    run("mkfs.ext4", "-q", device)
    place = home / "mounted"
    place.mkdir()
    run("mount", device, place)
    try:
        with Writer(place) as writer:
            for number in range(3):
                writer.until_written(4)
                victim = told("volume", "show", "demo")["replicas"][number]
                os.kill(victim["process"]["pid"], signal.SIGKILL)
                writer.until_written(4)
                wait_for(healthy)
            controller = told("volume", "show", "demo")["controller"]["pid"]
            os.kill(controller, signal.SIGKILL)
            writer.until_written(4)
            wait_for(healthy)
            os.kill(told("local", "status")["engine"]["pid"], signal.SIGKILL)
            writer.until_written(4)
        # Told to go while it is in use: refused; the engine comes up again and keeps what is attached.
        navarch("local", "up")
        assert "attached: demo" in navarch("local", "down", code=4).stderr
        assert "is mounted at" in navarch("volume", "detach", "demo", code=4).stderr
        assert "detach" in navarch("volume", "delete", "demo", "--yes", code=4).stderr
        writer.check()
    finally:
        run("umount", place)
    checked = run("fsck.ext4", "-f", "-n", device, check=False)
    assert checked.returncode == 0, checked.stdout
    story = navarch("volume", "show", "demo").stdout
    assert "it was killed; it is started again" in story
    assert "took epoch" in story
    assert "attached by an earlier engine; it is kept" in story
    assert "everything runs" in navarch("renew").stderr
    navarch("volume", "detach", "demo")
    assert str(home) not in run("losetup", "--list").stdout
    # Another device, the same bytes.
    device = navarch("volume", "attach", "demo").stdout.strip()
    run("mount", "-o", "ro", device, place)
    try:
        writer.check()
    finally:
        run("umount", place)
    navarch("volume", "detach", "demo")
    # Attached at once after a start, it waits for the volume by itself.
    navarch("local", "down")
    navarch("local", "up")
    navarch("volume", "attach", "demo")
    navarch("volume", "detach", "demo")
    pid = told("local", "status")["engine"]["pid"]
    navarch("local", "down")
    assert not alive(pid)
    assert not [entry for entry in Path("/proc").iterdir() if _works_in(entry, home)]


def test_a_snapshot_is_attached_beside_its_volume_and_can_only_be_read(home: Path) -> None:
    can_attach()
    navarch("local", "up", "--pools", "1")
    navarch("volume", "create", "demo", "--size", "64M", "--replicas", "1")
    device = navarch("volume", "attach", "demo").stdout.strip()
    run("mkfs.ext4", "-q", device)
    now, then = home / "now", home / "then"
    now.mkdir()
    then.mkdir()
    run("mount", device, now)
    try:
        (now / "file").write_text("monday\n")
        run("sync", "-f", now)
        navarch("snapshot", "create", "demo", "monday")
        (now / "file").write_text("tuesday\n")
        run("sync", "-f", now)
        assert "no snapshot sunday" in navarch("volume", "attach", "demo@sunday", code=5).stderr
        attached = navarch("volume", "attach", "demo@monday")
        second = attached.stdout.strip()
        assert "ro,noload" in attached.stderr
        assert run("blockdev", "--getro", second).stdout.strip() == "1"
        assert second in navarch("snapshot", "list", "demo").stdout
        assert second in navarch("volume", "show", "demo").stdout
        run("mount", "-o", "ro,noload", second, then)
        try:
            assert (then / "file").read_text() == "monday\n"
            assert (now / "file").read_text() == "tuesday\n"
            said = navarch("volume", "detach", "demo@monday", code=4).stderr
            assert "demo@monday is mounted at" in said
            # Whoever dies, it is read on, and the next engine knows it.
            shown = told("volume", "show", "demo")
            os.kill(told("local", "status")["engine"]["pid"], signal.SIGKILL)
            os.kill(shown["controller"]["pid"], signal.SIGKILL)
            navarch("local", "up")
            wait_for(healthy)
            run("blockdev", "--flushbufs", second)
            with contextlib.suppress(OSError):
                Path("/proc/sys/vm/drop_caches").write_text("3")
            assert (then / "file").read_text() == "monday\n"
            [kept] = told("volume", "show", "demo")["attached_snapshots"]
            assert (kept["device"], kept["snapshot"], kept["state"]) == (second, "monday", "attached")
        finally:
            run("umount", then)
    finally:
        run("umount", now)
    navarch("volume", "detach", "demo")
    for words in (("snapshot", "delete", "demo", "monday"), ("volume", "delete", "demo")):
        said = navarch(*words, "--yes", code=4).stderr
        assert f"demo@monday is attached as {second}" in said
        assert "navarch engine volume detach demo@monday" in said
    assert f"attached: demo@monday ({second})" in navarch("local", "down", code=4).stderr
    navarch("volume", "detach", "demo@monday")
    assert str(home) not in run("losetup", "--list").stdout
    assert str(home) not in Path("/proc/mounts").read_text()
    navarch("snapshot", "delete", "demo", "monday", "--yes")
    navarch("local", "down")


def test_of_several_ups_at_once_one_starts_the_engine_and_makes_its_pools(home: Path) -> None:
    with ThreadPoolExecutor(3) as at_once:
        said = [done.stderr for done in at_once.map(lambda _: navarch("local", "up"), range(3))]
    assert sum("runs now" in one for one in said) == 1
    assert sum("was running already" in one for one in said) == 2
    assert sum("made 3 pools" in one for one in said) == 1
    assert len({one.partition("(process ")[2].partition(")")[0] for one in said}) == 1
    assert [pool["name"] for pool in told("pool", "list")] == ["a", "b", "c"]
    events = [one["text"] for one in told("events")]
    assert sum(text.startswith("pool added") for text in events) == 3


def test_a_snapshot_of_a_mounted_file_system_under_load_is_one_moment_of_it(home: Path) -> None:
    """As after a power cut at that moment: the journal is replayed, and everything synced before is there."""
    can_attach()
    navarch("local", "up")
    navarch("volume", "create", "demo", "--size", "256M", "--replicas", "3")
    device = navarch("volume", "attach", "demo").stdout.strip()
    run("mkfs.ext4", "-q", device)
    now, then = home / "now", home / "then"
    now.mkdir()
    then.mkdir()
    run("mount", device, now)
    kept = {}
    try:
        with Writer(now) as writer:
            writer.until_written(2)
            for number in range(12):
                data = kept[f"kept-{number}"] = os.urandom(150_000)
                with (now / f"kept-{number}").open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
            before = writer.written
            navarch("snapshot", "create", "demo", "monday")
            writer.until_written(before + 4)
            second = navarch("volume", "attach", "demo@monday").stdout.strip()
            # Read-only, without its journal.
            run("mount", "-o", "ro,noload", second, then)
            run("umount", then)
            navarch("volume", "detach", "demo@monday")
            # A clone of it can be written to: its journal is replayed while the volume is written on.
            navarch("clone", "demo", "copy", "--snapshot", "monday")
            copy = navarch("volume", "attach", "copy").stdout.strip()
            run("mount", copy, then)
            try:
                assert {name: (then / name).read_bytes() for name in kept} == kept
            finally:
                run("umount", then)
            checked = run("fsck.ext4", "-f", "-n", copy, check=False)
            assert checked.returncode == 0, checked.stdout
            writer.until_written(writer.written + 2)
        writer.check()
    finally:
        run("umount", now)
    checked = run("fsck.ext4", "-f", "-n", device, check=False)
    assert checked.returncode == 0, checked.stdout


def _works_in(entry: Path, folder: Path) -> bool:
    try:
        return os.readlink(entry / "cwd").startswith(str(folder)) and alive(int(entry.name))
    except (OSError, ValueError):
        return False


class Writer:
    """Writes files and syncs each, in a thread, until its block ends; then knows what must be there."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._sums: dict[str, str] = {}
        self._end = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(DEADLINE)
        assert not self._thread.is_alive(), "a write never came back"
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        number = 0
        try:
            while not self._end.is_set():
                name = f"file-{number % 40}"
                data = os.urandom(300_000)
                self._sums.pop(name, None)
                with (self._place / name).open("wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                self._sums[name] = hashlib.sha256(data).hexdigest()
                number += 1
                self.written = number
        except BaseException as error:
            self._error = error

    written = 0

    def until_written(self, count: int) -> None:
        """Until so many more files are written and synced."""
        goal = self.written + count
        wait_for(lambda: self._error is not None or self.written >= goal)
        assert self._error is None

    def check(self) -> None:
        for name, known in self._sums.items():
            assert hashlib.sha256((self._place / name).read_bytes()).hexdigest() == known, name


def test_a_device_left_by_a_crash_is_tidied_up(home: Path) -> None:
    can_attach()
    navarch("local", "up", "--pools", "1")
    navarch("volume", "create", "demo", "--size", "64M", "--replicas", "1")
    navarch("volume", "attach", "demo")
    [fuse] = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and b"nbdfuse" in _command(entry) and str(home).encode() in _command(entry)
    ]
    os.kill(told("local", "status")["engine"]["pid"], signal.SIGKILL)
    os.kill(fuse, signal.SIGKILL)
    navarch("local", "up")
    wait_for(lambda: told("volume", "show", "demo")["attachment"] is None)
    assert str(home) not in run("losetup", "--list").stdout
    assert str(home) not in Path("/proc/mounts").read_text()
    assert "used by nobody" in navarch("events", "demo").stdout
    # And it can be attached again.
    device = navarch("volume", "attach", "demo").stdout.strip()
    held = os.open(device, os.O_RDONLY | os.O_EXCL)
    try:
        assert f"{device} is in use" in navarch("volume", "detach", "demo", code=4).stderr
    finally:
        os.close(held)
    navarch("volume", "detach", "demo")


def _command(entry: Path) -> bytes:
    try:
        return (entry / "cmdline").read_bytes()
    except OSError:
        return b""


def test_without_an_engine_every_command_says_what_to_do(home: Path) -> None:
    for words in (("pool", "list"), ("volume", "list"), ("volume", "show", "x"), ("events",), ("metrics",)):
        done = navarch(*words, code=1)
        assert "no block engine runs here" in done.stderr
        assert "navarch engine local up" in done.stderr
    assert "no block engine runs here" in navarch("local", "status", code=5).stderr
    assert "no block engine was running" in navarch("local", "down").stderr


def test_a_supervisor_that_was_killed_is_told_apart_from_no_engine(home: Path) -> None:
    navarch("local", "up", "--pools", "1")
    navarch("volume", "create", "demo", "--size", "64M", "--replicas", "1")
    pid = told("local", "status")["engine"]["pid"]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not alive(pid))
    status = navarch("local", "status", code=1)
    assert "supervisor is gone; 2 of its processes go on serving" in status.stderr
    assert "local up looks after them again" in navarch("volume", "list", code=1).stderr
    # Also now everything can be ended, and it is.
    assert "has ended" in navarch("local", "down").stderr
    assert not [entry for entry in Path("/proc").iterdir() if _works_in(entry, home)]
    # Sockets that nobody listens on are no engine.
    (home / "run" / "engine").mkdir(mode=0o700, exist_ok=True)
    for name in ("control.sock", "voter-0.sock"):
        with socket.socket(socket.AF_UNIX) as stale:
            (home / "run" / "engine" / name).unlink(missing_ok=True)
            stale.bind(str(home / "run" / "engine" / name))
    assert "no block engine runs here" in navarch("local", "status", code=5).stderr
    assert "runs now" in navarch("local", "up", "--pools", "0").stderr


def test_two_that_start_it_at_once_start_one(home: Path) -> None:
    words = [sys.executable, "-m", "console", "engine", "local", "up", "--pools", "2"]
    both = [subprocess.Popen(words, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    said = [one.communicate(timeout=DEADLINE)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0, 0], said
    assert any("made 2 pools" in words for words in said)
    assert [pool["name"] for pool in told("pool", "list")] == ["a", "b"]


def test_pools_and_volumes_on_the_command_line(home: Path) -> None:
    assert "made 2 pools" in navarch("local", "up", "--pools", "2").stderr
    assert "was running already" in navarch("local", "up").stderr
    assert "there are no volumes yet" in navarch("volume", "list", code=5).stderr
    assert "3 replicas need 3 pools" in navarch("volume", "create", "demo", "--size", "64M", code=4).stderr
    assert "no name for a volume" in navarch("volume", "create", "De mo", "--size", "64M", code=2).stderr
    for size in ("big", "-1", "1.0000001K", ""):
        assert "Invalid value" in navarch("volume", "create", "demo", f"--size={size}", code=2).stderr
    assert "positive multiple" in navarch("volume", "create", "demo", "--size", "5", code=2).stderr
    navarch("pool", "add", str(home / "disk"), "--name", "disk")
    assert "it is not empty" in navarch("pool", "add", str(home), code=2).stderr
    assert "there is no pool x" in navarch("pool", "show", "x", code=5).stderr
    navarch("volume", "create", "demo", "--size", "64M", "--replicas", "2", "--pool", "a", "--pool", "disk")
    assert [pool["name"] for pool in told("pool", "list")] == ["a", "b", "disk"]
    assert "keeps 1 replicas" in navarch("pool", "remove", "disk", code=4).stderr
    shown = navarch("pool", "show", "disk").stdout
    assert "demo" in shown
    assert "in-sync" in shown

    assert "demo   ✔ healthy   64M    2/2" in navarch("volume", "list").stdout
    assert "name: demo" in navarch("volume", "list", "-o", "yaml").stdout
    navarch("volume", "resize", "demo", "128M")
    assert told("volume", "show", "demo")["size"] == 128 << 20
    assert "can't shrink" in navarch("volume", "resize", "demo", "64M", code=4).stderr
    assert "create done" in navarch("events", "demo").stdout
    assert navarch("events", "nothing", code=5).stdout.count("\n") == 1
    assert "openebs_volume_status" in navarch("metrics").stdout
    assert "all its replicas are on one file system" in navarch("volume", "explain", "demo").stdout
    assert "3 pools (0 new), 1 volumes, 3 voters" in navarch("recover").stderr

    refused = navarch("volume", "delete", "demo", code=4)
    assert "--yes" in refused.stderr
    assert told("volume", "list")
    navarch("volume", "delete", "demo", "--yes")
    navarch("volume", "show", "demo", code=5)
    navarch("pool", "remove", "disk")


def test_watch_prints_again_and_again(home: Path) -> None:
    navarch("local", "up", "--pools", "1")
    words = [sys.executable, "-m", "console", "engine", "volume", "watch", "--interval", "0.5", "-o", "json"]
    watching = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert watching.stdout is not None
        seen = 0
        while seen < 2:
            line = watching.stdout.readline()
            assert line, watching.stderr.read() if watching.stderr is not None else ""
            seen += '"volumes": []' in line
    finally:
        watching.send_signal(signal.SIGINT)
        watching.communicate(timeout=60)
    assert watching.returncode in (130, -signal.SIGINT)


def test_completion_knows_the_engine_s_names(home: Path) -> None:
    from console.cli.engine.completing import pools, volumes

    assert pools(None, [], "") == []
    navarch("local", "up", "--pools", "2")
    assert pools(None, [], "") == ["a", "b"]
    assert pools(None, [], "b") == ["b"]
    assert volumes(None, [], "") == []
