"""``navarch demo`` without a terminal, and ``--serve``."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAVARCH = [sys.executable, "-m", "console", "demo"]
pytestmark = pytest.mark.timeout(90)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, "NAVARCH_HOME": str(tmp_path), "TERM": "xterm-256color"}


def _run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*NAVARCH, *words],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=80,
        check=False,
    )


def test_it_prints_the_fleet_and_its_problems(environment: dict[str, str], tmp_path: Path) -> None:
    done = _run(environment)
    assert done.returncode == 0, done.stderr
    head, prod_eu, prod_us, edge, *_ = done.stdout.splitlines()
    assert head.split()[:6] == ["CLUSTER", "STATE", "VERSION", "NODES", "PODS", "FAILING"]
    assert prod_eu.split()[:2] == ["prod-eu", "LIVE"]
    assert prod_us.split()[3] == "4/5", "a node is lost"
    assert edge.split()[0] == "edge-7"
    for reason in (
        "CrashLoopBackOff",
        "OOMKilled",
        "ImagePullBackOff",
        "NotReady",
        "ProgressDeadlineExceeded",
    ):
        assert reason in done.stdout
    assert "Insufficient cpu" in done.stdout
    assert not list((tmp_path / "run").glob("demo-*")), "nothing is left behind"


def test_a_calm_fleet_has_no_problems_to_print(environment: dict[str, str]) -> None:
    done = _run(environment, "--scenario", "calm", "--clusters", "1", "--pods", "12", "--speed", "0.01")
    assert done.returncode == 0, done.stderr
    assert "prod-eu" in done.stdout
    assert "not well" not in done.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--scenario", "odd"], "there is no scenario 'odd'; there are: 100-clusters"),
        (["--clusters", "0"], "--clusters"),
        (["--pods", "many"], "--pods"),
    ],
)
def test_wrong_use_is_refused_before_anything_starts(
    environment: dict[str, str], words: list[str], sentence: str
) -> None:
    done = _run(environment, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not done.stdout


def test_serve_prints_one_line_and_serves_until_told_to_stop(environment: dict[str, str]) -> None:
    process = subprocess.Popen(
        [*NAVARCH, "--serve", "--clusters", "2", "--pods", "10"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = json.loads(process.stdout.readline())
    assert [cluster["name"] for cluster in line["clusters"]] == ["prod-eu", "prod-us"]
    listed = subprocess.run(
        [sys.executable, "-m", "console", "get", "nodes", "--kubeconfig", line["kubeconfig"], "-o", "name"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "prod-us - node/prod-us-node-1" in listed.stdout, listed.stderr
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
    assert not Path(line["kubeconfig"]).exists()


def test_on_a_terminal_the_console_opens(environment: dict[str, str]) -> None:
    """Enough of it is drawn to name the clusters; `q` leaves and nothing stays behind."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*NAVARCH, "--pods", "10"],
        cwd=ROOT,
        env={**environment, "COLUMNS": "120", "LINES": "36"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    seen = b""
    try:
        stop = time.monotonic() + 40
        while b"prod-eu" not in seen or b"edge-7" not in seen:
            assert time.monotonic() < stop, seen[-2000:]
            assert select.select([master], [], [], 40)[0], "nothing was drawn"
            seen += os.read(master, 65536)
        os.write(master, b"\x11")  # ctrl-q
        while True:
            try:
                if not os.read(master, 65536):
                    break
            except OSError:  # the other end is closed: the program has gone
                break
        assert process.wait(20) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        os.close(master)
    assert not list((Path(environment["NAVARCH_HOME"]) / "run").glob("demo-*"))
