"""kill -9 in the middle of a write, a disk that is full, two consoles at once: kept events stay whole."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.observe.events.store import EventStore
from backend.vault import Vault
from backend.vault.kdf import fresh_params

ROOT = Path(__file__).parents[3]
SECRET = "a passphrase for events"

WRITER = """
import sys, time
from pathlib import Path
from backend.observe.events.seen import Seen
from backend.observe.events.store import EventStore
from backend.vault import Vault
path, who, many, limit = sys.argv[1:]
vault = Vault.open(Path(path)); vault.unlock(sys.stdin.readline().strip())
store = EventStore.beside(vault)
def event(n):
    at = time.time() - 600 + n / 100
    return Seen(f"{who}-{n}", "1", "Pod", "v1", "pay", f"api-{n}", "", "", "BackOff", "Warning", "m" * 200,
                "kubelet", "", at, at, 1, "pay", f"{who}-{n}")
print("ready", flush=True)
if int(limit):
    import resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), resource.RLIM_INFINITY))
    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for n in range(int(many)):
    try:
        store.append("eu", [event(n)])
    except Exception as error:
        print("refused", n, getattr(error, "sentence", error), flush=True); break
    print(n, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "vault.db"
    vault, _ = Vault.create(path, passphrase=SECRET, kdf=fresh_params(memory=16, passes=1, lanes=1))
    EventStore.beside(vault)
    vault.close()
    return path


def writing(path: Path, who: str, *, many: int, limit: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), who, str(many), str(limit)]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    child.stdin.write(f"{SECRET}\n")
    child.stdin.close()
    return child


def kept(path: Path) -> tuple[set[str], list[str]]:
    """(uids, problems) of what a next console finds."""
    vault = Vault.open(path)
    vault.unlock(SECRET)
    store = EventStore.beside(vault)
    vault.close()
    found = {event.uid for event in store.load("eu")}
    store.append("eu", [])
    return found, [str(problem) for problem in store.problems]


def test_killed_in_the_middle_of_a_write(path: Path) -> None:
    rng = random.Random(11)
    said: set[str] = set()
    for run in range(8):
        child = writing(path, f"run{run}", many=100_000)
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        for _ in range(rng.randrange(1, 60)):
            said.add(f"run{run}-{child.stdout.readline().strip()}")
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found, problems = kept(path)
        assert said <= found
        assert problems == []


def test_two_consoles_write_at_once(path: Path) -> None:
    children = [writing(path, who, many=150) for who in ("one", "two", "three")]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.read().splitlines()[-1] == "149"
        assert child.wait(60) == 0
        child.stdout.close()
    found, problems = kept(path)
    assert len(found) == 450
    assert problems == []


def test_a_full_disk_refuses_in_words_and_keeps_what_is_there(path: Path) -> None:
    """RLIMIT_FSIZE stands in for a full disk: writes beyond it fail with EFBIG."""
    child = writing(path, "full", many=2000, limit=20_000)
    assert child.stdout is not None
    *written, last = child.stdout.read().splitlines()
    child.stdout.close()
    child.wait(60)
    assert last.startswith("refused")
    assert "events can't be kept" in last
    found, problems = kept(path)
    assert found == {f"full-{number}" for number in written[1:]}
    assert problems == []
    child = writing(path, "later", many=5)
    assert child.stdout is not None
    assert child.stdout.read().endswith("4\n")
    child.stdout.close()
    child.wait(60)
    assert len(kept(path)[0]) == len(found) + 5
