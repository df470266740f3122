"""``navarch logs`` as a program: what it prints, and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.cli.navarch_command import COMMAND, navarch
from tests.fleet.running_demo import Demo
from tests.terminal import Terminal


@pytest.fixture(scope="module")
def pod(demo: Demo) -> str:
    """A pod of the first cluster with one container."""
    named = navarch(
        "get", "pods", "api-*", "-n", "pay", "-c", demo.clusters[0], "-o", "name", kubeconfig=demo.kubeconfig
    )
    return named.stdout.splitlines()[0].rpartition("/")[2]


def test_a_workload_of_two_clusters_as_one_stream(demo: Demo) -> None:
    done = navarch("logs", "deploy/api", "-n", "pay", "--timestamps", "utc", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    lines = [re.fullmatch(r"(\S+) (\S+)/api  (\S+Z) (.*)", line) for line in done.stdout.splitlines()]
    found = [line for line in lines if line is not None]
    assert len(found) == len(lines)
    assert {line[1] for line in found} == set(demo.clusters)
    times = [line[3] for line in found]
    assert times == sorted(times)
    assert max(sum(line[2] == pod for line in found) for pod in {line[2] for line in found}) <= 10


def test_one_pod_is_printed_as_it_wrote(demo: Demo, pod: str) -> None:
    whole = navarch("logs", pod, kubeconfig=demo.kubeconfig)
    assert whole.returncode == 0, whole.stderr
    lines = whole.stdout.splitlines()
    assert len(lines) > 5  # few, if a test before this one has restarted the application
    assert not any(line.startswith(("20", demo.clusters[0])) for line in lines), "neither times nor names"
    last = navarch("logs", pod, "--tail", "5", kubeconfig=demo.kubeconfig).stdout.splitlines()
    assert len(last) == 5
    raw = navarch("logs", pod, "-o", "raw", kubeconfig=demo.kubeconfig)
    assert "\n".join(lines[len(lines) // 3 : len(lines) // 2]) in raw.stdout


def test_nothing_is_read_that_the_first_line_does_not_need(demo: Demo, pod: str) -> None:
    """Each of these costs the start of every command 5 to 100 ms."""
    code = (
        "import sys; from console.cli.main import main\n"
        f"main(['logs', {pod!r}, '-n', 'pay', '-c', {demo.clusters[0]!r}, '--tail', '1',"
        f" '--kubeconfig', {str(demo.kubeconfig)!r}])\n"
        "print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    line, modules = done.stdout.splitlines()
    assert line
    unwanted = {"textual", "rich", "cryptography", "nacl", "aiohttp", "uvloop", "tomlkit", "keyring"}
    unwanted |= {"backend.vault", "backend.journal", "backend.demo", "backend.resources.kinds.deployment"}
    unwanted |= {"backend.fleet.table", "backend.kube.reflector", "backend.observe.logs.spool"}
    assert not unwanted & set(modules.split())


def test_filters_levels_and_a_limit(demo: Demo, pod: str) -> None:
    def lines(*options: str) -> list[str]:
        done = navarch("logs", pod, "--tail=-1", *options, kubeconfig=demo.kubeconfig)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    slow = lines("--match", "slow request")
    assert slow
    assert all("slow request" in line for line in slow)
    assert not any(
        "slow" in line for line in lines("--match", "request", "--not-match", "slow", "--limit", "7")
    )
    grave = lines("--level", "warn")
    assert len(slow) <= len(grave)
    assert not any('"request"' in line for line in grave)


def test_json_names_the_source_of_each_line(demo: Demo) -> None:
    done = navarch("logs", "deploy/api", "-n", "pay", "--tail", "3", "-o", "json", kubeconfig=demo.kubeconfig)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert {line["cluster"] for line in told} == set(demo.clusters)
    assert told[0].keys() == {"cluster", "namespace", "pod", "container", "node", "time", "level", "text"}
    assert {line["level"] for line in told} <= {"debug", "info", "warn", "error"}


def test_nothing_matched_and_wrong_use(demo: Demo) -> None:
    done = navarch("logs", "no-such-pod", kubeconfig=demo.kubeconfig)
    assert (done.returncode, done.stdout) == (5, "")
    assert "no container matched" in done.stderr
    for words, said in (
        (["deploy/"], "names nothing"),
        (["--since", "soon"], "no duration"),
        (["--level", "loud"], "none of"),
        (["--match", "("], "no regular expression"),
        ([""], "a name is empty"),
        (["@nowhere"], "no cluster is called"),
    ):
        done = navarch("logs", *words, kubeconfig=demo.kubeconfig)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert said in re.sub(r"[\s│]+", " ", done.stderr), words


def test_who_may_not_read_logs_is_told_and_the_rest_is_printed(demo: Demo) -> None:
    team = f"{demo.clusters[0]}-team"
    done = navarch("logs", "-c", team, "-n", "pay,data", "--tail", "1", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 1
    assert " pay " in done.stdout or "pay" in done.stdout
    assert team in done.stderr
    assert "forbidden" in done.stderr.lower() or "may not" in done.stderr


@contextmanager
def following(demo: Demo, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [*COMMAND, "logs", "-f", *words, "--kubeconfig", str(demo.kubeconfig)]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # A run in a shell's background ignores ctrl-c, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait(20)


def test_a_followed_log_goes_on_until_it_is_interrupted(demo: Demo, pod: str) -> None:
    with following(demo, pod, "--tail", "1") as process:
        assert process.stdout is not None
        for _ in range(3):
            assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert (process.returncode, said) == (130, b"")


def test_a_reader_that_leaves_ends_it_quietly(demo: Demo) -> None:
    with following(demo, "-n", "pay") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
        assert process.wait(30) == 0


def test_raw_bytes_are_refused_on_a_terminal_and_text_is_coloured_there(demo: Demo, pod: str) -> None:
    command = [*COMMAND, "logs", "--kubeconfig", str(demo.kubeconfig)]
    with Terminal([*command, pod, "-o", "raw"], dict(os.environ)) as terminal:
        terminal.expect("could take over your terminal")
        assert terminal.wait_for_end() == 4
    with Terminal(
        [*command, "deploy/api", "-n", "pay", "--tail", "2"], dict(os.environ), size=(200, 50)
    ) as terminal:
        assert terminal.wait_for_end() == 0
        assert "api-" in terminal.text
