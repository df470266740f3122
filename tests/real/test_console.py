"""The console in a real terminal, with real keys, on two real clusters."""

from __future__ import annotations

import contextlib
import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.real import workload
from tests.real.api import ApiError
from tests.real.control_plane import ControlPlane, wait_for, write_private
from tests.real.processes import start_time
from tests.real.program import COMMAND, Navarch
from tests.real.rig import Rig
from tests.terminal import Terminal

PASSPHRASE = "correct horse battery staple"
SLOW = 40.0  # a loaded machine's first start
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"


@contextlib.contextmanager
def console(home: Path, *arguments: str, size: tuple[int, int] = (120, 40)) -> Iterator[Terminal]:
    with Terminal([*COMMAND, *arguments], Navarch(home).environment, size=size) as terminal:
        yield terminal


def command(terminal: Terminal, line: str) -> None:
    terminal.press(":")
    terminal.type(line)
    terminal.press("enter")


def make(plane: ControlPlane, namespace: str, kind: str, name: str, **body: Any) -> dict[str, Any]:
    plural = {"ConfigMap": "configmaps", "Secret": "secrets"}[kind]
    made: dict[str, Any] = plane.api().post(
        f"/api/v1/namespaces/{namespace}/{plural}",
        {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **body},
    )
    return made


def statuses(terminal: Terminal) -> list[str]:
    """What a list's rows say of their pods, from the top."""
    return re.findall(r"\b(?:CrashLoopBackOff|Running)\b", terminal.text)


def exists(plane: ControlPlane, namespace: str, name: str) -> bool:
    try:
        plane.api().get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")
    except ApiError:
        return False
    return True


def test_from_the_first_start_to_a_delete_in_the_journal(rig: Rig, namespace: str, tmp_path: Path) -> None:
    """A newcomer's first quarter of an hour, by keyboard alone."""
    home = tmp_path / "home"
    (home / ".kube").mkdir(mode=0o700, parents=True)
    write_private(home / ".kube" / "config", rig.kubeconfig.read_bytes())
    for plane in rig.clusters:
        make(plane, namespace, "ConfigMap", f"of-{plane.name}")
    key = "hunter2-hunter2"
    encoded = make(rig.clusters[0], namespace, "Secret", "login", stringData={"token": key})["data"]["token"]

    with console(home) as terminal:
        terminal.expect("Import my kubeconfig", deadline=SLOW)
        terminal.press("enter")
        terminal.expect("Review before import", "[x] real-east", "[x] real-west")
        terminal.press("enter")
        terminal.expect("Passphrase", "Once more")
        terminal.type(PASSPHRASE)
        terminal.press("tab")
        terminal.type(PASSPHRASE)
        terminal.press("enter")
        terminal.expect("This recovery code")
        terminal.press("enter")
        terminal.expect("2/2 live", "real-east", "real-west", deadline=SLOW)

        command(terminal, f"configmaps -n {namespace}")
        terminal.expect("of-real-east", "of-real-west")
        terminal.press("/")
        terminal.type("of-real-west")
        terminal.press("enter")
        terminal.expect_gone("of-real-east")
        terminal.press("y")
        terminal.expect("kind: ConfigMap", f"namespace: {namespace}")
        terminal.press("esc")
        terminal.expect_gone("kind: ConfigMap")

        command(terminal, f"secrets -n {namespace}")
        terminal.expect("login", "Opaque")
        terminal.press("y")
        terminal.expect("kind: Secret", "token:")
        assert key not in terminal.text
        assert encoded not in terminal.text
        terminal.press("esc")
        terminal.expect_gone("kind: Secret")

        command(terminal, f"configmaps of-real-east -n {namespace}")
        terminal.expect_gone("of-real-west")
        terminal.expect_line("● real-east", namespace, "of-real-east")
        terminal.press("D")
        terminal.expect_line("▸ Keep everything")  # what enter alone does
        terminal.press("enter")
        terminal.expect_gone("Keep everything")
        assert exists(rig.clusters[0], namespace, "of-real-east")
        terminal.press("D")
        terminal.expect("Keep everything")
        terminal.press("down")
        terminal.expect_line("▸ Delete")
        terminal.press("enter")
        assert terminal.wait(lambda: not exists(rig.clusters[0], namespace, "of-real-east")), terminal.text
        assert exists(rig.clusters[1], namespace, "of-real-west")

        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0
        assert LEAVES_ALTERNATE_SCREEN in terminal.raw
        for secret in (key, encoded, PASSPHRASE):
            assert secret.encode() not in terminal.raw

    journal = Navarch(home).run("journal").stdout
    assert any("delete" in line and "of-real-east" in line for line in journal.splitlines())


def test_a_locked_vault_asks_and_a_wrong_passphrase_is_told(rig: Rig, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    write_private(home / "passphrase", PASSPHRASE.encode())
    unlocked = Navarch(home, {"NAVARCH_PASSWORD_FILE": str(home / "passphrase")})
    for arguments in (
        ["vault", "init"],
        ["cluster", "import", str(rig.kubeconfig), "--yes"],
        ["vault", "lock"],
    ):
        done = unlocked.run(*arguments)
        assert done.returncode == 0, done.stderr
    with console(home) as terminal:
        terminal.expect("assphrase", deadline=SLOW)
        terminal.type("not this one at all")
        terminal.press("enter")
        terminal.expect("does not open the vault")
        assert "real-east" not in terminal.text
        terminal.type(PASSPHRASE)
        terminal.press("enter")
        terminal.expect("2/2 live", deadline=SLOW)
        terminal.press("ctrl+l")
        terminal.expect("assphrase")
        terminal.expect_gone("real-east")  # a frame may arrive in two pieces
        terminal.press("ctrl+q")
        assert terminal.wait_for_end() == 0


def test_rows_come_and_go_as_the_cluster_changes(rig: Rig, namespace: str, tmp_path: Path) -> None:
    with console(tmp_path / "home", "--kubeconfig", str(rig.kubeconfig)) as terminal:
        terminal.expect("2/2 live", deadline=SLOW)
        command(terminal, f"configmaps -n {namespace}")
        terminal.expect("kube-root-ca.crt")
        make(rig.clusters[0], namespace, "ConfigMap", "newcomer")
        terminal.expect("newcomer")
        rig.clusters[0].api().delete(f"/api/v1/namespaces/{namespace}/configmaps/newcomer")
        terminal.expect_gone("newcomer")
        terminal.resize(80, 24)
        make(rig.clusters[1], namespace, "ConfigMap", "on-a-small-screen")
        terminal.expect("on-a-small-screen")


def test_a_cluster_that_dies_is_said_to_be_dead_and_comes_back(rig: Rig, tmp_path: Path) -> None:
    mortal, other = rig.extra("mortal"), rig.clusters[1]
    mortal.launch()
    mortal.wait_ready()
    config = mortal.kubeconfig()
    for part in ("clusters", "users", "contexts"):
        config[part] += other.kubeconfig()[part]
    write_private(tmp_path / "config", json.dumps(config).encode())
    make(mortal, "default", "ConfigMap", "before-the-fall")
    try:
        with console(tmp_path / "home", "--kubeconfig", str(tmp_path / "config")) as terminal:
            terminal.expect("2/2 live", deadline=SLOW)
            command(terminal, "configmaps -n default")
            terminal.expect("before-the-fall")
            mortal.stop_apiserver(grace=0)
            terminal.expect("1/2 live", deadline=SLOW)
            terminal.expect("before-the-fall")  # what was seen stays, marked as stale
            mortal.start_apiserver()
            make(mortal, "default", "ConfigMap", "after-the-rise")
            terminal.expect("2/2 live", "after-the-rise", deadline=90)
    finally:
        mortal.stop(grace=0)


HOSTILE = "\x1b]52;c;aGFja2Vk\x07\x1b[2J\x9b31m\u202eevil[@click=app.quit]x[/][/red]\x00"


def test_what_clusters_say_reaches_no_terminal_as_commands(rig: Rig, namespace: str, tmp_path: Path) -> None:
    plane = rig.clusters[0]
    data = {"note": HOSTILE.replace("\x00", "")}
    make(plane, namespace, "ConfigMap", "hostile", data=data)
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "hostile"},
        "involvedObject": {"kind": "ConfigMap", "name": "hostile", "namespace": namespace},
        "reason": "Hostile",
        "message": f"before {HOSTILE} after",
        "type": "Warning",
    }
    plane.api().post(f"/api/v1/namespaces/{namespace}/events", event)
    with console(tmp_path / "home", "--kubeconfig", str(rig.kubeconfig)) as terminal:
        terminal.expect("2/2 live", deadline=SLOW)
        command(terminal, f"events -n {namespace}")
        terminal.expect("Hostile", "before")
        command(terminal, f"configmaps -n {namespace} /hostile")
        terminal.expect_gone("kube-root-ca.crt")
        for key in ("d", "y", "v"):
            terminal.press(key)
            terminal.expect("hostile")
            terminal.wait(lambda: "evil" in terminal.text, 5.0)
        assert terminal.running
        for forbidden in (b"\x1b]52", b"\xc2\x9b", "\u202e".encode()):
            assert forbidden not in terminal.raw
        assert "evil" in terminal.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_console_that_is_told_to_go_leaves_its_terminal_in_order(
    rig: Rig, tmp_path: Path, number: signal.Signals
) -> None:
    with console(tmp_path / "home", "--kubeconfig", str(rig.kubeconfig)) as terminal:
        terminal.expect("2/2 live", deadline=SLOW)
        pid = terminal.pid
        terminal.signal(number)
        terminal.wait_for_end()
        assert wait_for(lambda: start_time(pid) is None, 10)
        assert LEAVES_ALTERNATE_SCREEN in terminal.raw


@pytest.mark.usefixtures("controllers")
def test_problems_only_and_sorting_on_a_crowd(rig: Rig, tmp_path: Path) -> None:
    """300 pods of which 6 crash-loop: `z` leaves those."""
    plane = rig.extra("crowd", controllers=True)
    plane.launch()
    plane.wait_ready()
    workload.fill(plane, pods=300, size=3000)
    write_private(tmp_path / "config", json.dumps(plane.kubeconfig()).encode())
    try:
        with console(tmp_path / "home", "--kubeconfig", str(tmp_path / "config"), size=(140, 45)) as terminal:
            terminal.expect("1/1 live", deadline=SLOW)
            command(terminal, "pods")
            terminal.expect("300 rows", "6 failing")
            terminal.press("z")
            terminal.expect("6 of 300 rows")
            terminal.until(lambda: statuses(terminal) == ["CrashLoopBackOff"] * 6, "only those")
            terminal.press("z")
            terminal.expect_gone("6 of 300 rows")
            terminal.until(lambda: "Running" in statuses(terminal), "the others")
            command(terminal, "pods --sort restarts --desc")
            # A frame arrives in pieces: what is on the screen amid one is neither the old list nor the new.
            terminal.until(
                lambda: (found := statuses(terminal))[:6] == ["CrashLoopBackOff"] * 6 and "Running" in found,
                "the failing ones before the others",
            )
            assert "CrashLoopBackOff" not in statuses(terminal)[6:]
    finally:
        plane.stop(grace=0)
