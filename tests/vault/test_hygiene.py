"""What a process with keys forbids, and what its objects show of themselves."""

from __future__ import annotations

import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from backend.fleet.registry import ClusterRecord
from backend.vault import Vault

from .conftest import PASSPHRASE

CANARY = b"canary-2c9e-secret"

CHILD = """
import ctypes, resource
from backend.vault import harden_process
harden_process()
print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), resource.getrlimit(resource.RLIMIT_CORE)[0])
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux'")
def test_no_core_dump_and_no_reading_by_other_processes() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.split() == ["0", "0"]


def test_nothing_that_holds_a_secret_shows_it(vault: Vault) -> None:
    record = vault.put("cluster", CANARY)
    master = vault._master
    assert master is not None
    cluster = ClusterRecord(name="prod", server="https://s", token=CANARY, client_key_pem=CANARY)
    shown = repr([record, vault, master, cluster, cluster.access("id")]) + str(cluster) + f"{record}"
    assert "canary" not in shown
    assert master.secret.hex() not in shown


def test_a_traceback_with_locals_shows_no_secret(vault: Vault) -> None:
    vault.put("cluster", CANARY)
    try:
        with vault.transaction() as draft:
            found = draft.records("cluster")
            cluster = ClusterRecord(name="x", server="s", token=found[0].data)
            assert cluster.token is None
    except AssertionError as error:
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        own = "".join(f"{f.name} {f.locals}" for f in frames.stack if "backend" in (f.filename or ""))
        assert PASSPHRASE not in own
        assert "canary" not in own
        assert f"{cluster!r} {found!r}" == "<ClusterRecord 'x'> [" + repr(found[0]) + "]"
    else:
        raise AssertionError("it should have failed")
