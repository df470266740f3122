"""kill -9 while keys change, and disks that refuse: the old or the new key opens, never neither."""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.vault import Vault, VaultError, VaultNotWritten, WrongKey
from backend.vault.kdf import fresh_params

ROOT = Path(__file__).parents[3]
OLD, NEW = "the old passphrase here", "the new passphrase here"
ENTRIES = [f"entry {number}".encode() * 40 for number in range(16)]
CHEAP = {"memory": 16, "passes": 1, "lanes": 1}

CHANGE = """
import sys
from backend.vault import Vault
from backend.vault.kdf import fresh_params
from backend.vault.rekey import change_passphrase, remove_slot, rotate
path, old, new, what = sys.argv[1:]
from pathlib import Path
vault = Vault.open(Path(path)); vault.unlock(old)
print("ready", flush=True)
if what == "passphrase":
    change_passphrase(vault, old, new, kdf=fresh_params(memory=16, passes=1, lanes=1))
elif what == "rotate":
    rotate(vault, passphrases=[old, "an extra way to come in"])
else:
    extra = next(slot for slot in vault.slots if slot.label == "extra")
    remove_slot(vault, extra.slot_id, passphrases=[old])
print("done", flush=True)
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from backend.vault.rekey import add_passphrase

    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    path = tmp_path / "vault.db"
    vault, _ = Vault.create(path, passphrase=OLD, kdf=fresh_params(**CHEAP))
    add_passphrase(vault, "an extra way to come in", label="extra", kdf=fresh_params(**CHEAP))
    with vault.transaction() as draft:
        for entry in ENTRIES:
            draft.put("cluster", entry)
        draft.append(b"line")
    vault.close()
    return path


def survivors(path: Path) -> str:
    """Which passphrase opens it; fails unless all of it is there."""
    for secret in (OLD, NEW):
        vault = Vault.open(path)
        try:
            vault.unlock(secret)
        except WrongKey:
            continue
        finally:
            if vault.locked:
                vault.close()
        assert vault.damage == ""
        assert [record.data for record in vault.records("cluster")] == ENTRIES
        vault.put("probe", b"still writable")
        vault.close()
        return secret
    raise AssertionError("neither passphrase opens the vault")


def fresh_copy(original: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return Path(shutil.copy2(original, folder / "vault.db"))


def changing(path: Path, what: str, *prefix: str) -> subprocess.Popen[bytes]:
    command = [*prefix, sys.executable, "-c", CHANGE, str(path), OLD, NEW, what]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("what", ["passphrase", "rotate", "remove"])
def test_killed_at_random_moments(path: Path, tmp_path: Path, what: str) -> None:
    rng = random.Random(7)
    outcomes = set()
    for _ in range(12):
        copy = fresh_copy(path, tmp_path / "copy")
        child = changing(copy, what)
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        try:
            child.wait(rng.uniform(0.0, 0.06))
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        outcomes.add(child.wait())
        child.stdout.close()
        survivors(copy)
    assert -signal.SIGKILL in outcomes, "no run was killed in time"


def strace_works() -> bool:
    if shutil.which("strace") is None:
        return False
    return (
        subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode
        == 0
    )


@pytest.mark.skipif(not strace_works(), reason="needs strace (and ptrace) to stop at chosen system calls")
@pytest.mark.parametrize(
    ("call", "first", "step"),
    [
        *(("pwrite64", first, 3) for first in (1, 2, 3)),  # every write, in three parts
        ("fdatasync,fsync", 1, 1),
        ("unlink", 1, 1),
        ("ftruncate,rename,link", 1, 1),
    ],
)
def test_killed_at_each_write_sync_and_unlink(
    path: Path, tmp_path: Path, call: str, first: int, step: int
) -> None:
    killed = 0
    for number in range(first, 400, step):
        copy = fresh_copy(path, tmp_path / "copy")
        inject = f"inject={call}:signal=KILL:when={number}"
        child = changing(
            copy, "rotate", "strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", inject
        )
        out, _ = child.communicate(timeout=60)
        survivors(copy)
        if b"done" in out:
            break
        killed += 1
    else:
        raise AssertionError("the change never finished")
    assert killed or call.startswith("ftruncate")


def test_disk_that_fills_up_at_any_point_loses_nothing(path: Path, tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands in for a full disk: writes beyond it fail with EFBIG."""
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)\n"
        f"{CHANGE}"
    )
    size = path.stat().st_size
    refused = 0
    for limit in (0, 512, 4096, size // 2, size, size + 4096):
        copy = fresh_copy(path, tmp_path / "copy")
        command = [sys.executable, "-c", script, str(limit), str(copy), OLD, NEW, "rotate"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=60)
        if result.returncode:
            assert b"VaultNotWritten" in result.stderr.splitlines()[-1], result.stderr
            refused += 1
        survivors(copy)
    assert refused >= 3


def test_full_disk_during_an_ordinary_change_says_so(path: Path) -> None:
    vault = Vault.open(path)
    vault.unlock(OLD)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before), hard))
    try:
        with pytest.raises(VaultNotWritten) as caught:
            vault.put("cluster", b"x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "nothing was lost" in caught.value.advice
    assert [record.data for record in vault.records("cluster")] == ENTRIES
    vault.close()
    survivors(path)


def test_creation_on_a_full_disk_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    folder = tmp_path / "new"
    folder.mkdir()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(VaultError):
            Vault.create(folder / "vault.db", passphrase=OLD, kdf=fresh_params(**CHEAP))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [file.name for file in folder.iterdir() if not file.name.endswith("-journal")] == []
