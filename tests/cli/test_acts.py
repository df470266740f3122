"""Acts on the command line, without a terminal: tried, agreed to, done, twice harmless."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.navarch_command import navarch
from tests.fleet.running_demo import Demo


def workload(demo: Demo, place: int = 0) -> tuple[str, ...]:
    line = navarch("get", "deploy", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[place]
    cluster, namespace, name = line.split()
    return (name, "-c", cluster, "-n", namespace)


def test_scale_asks_first_and_is_harmless_twice(demo: Demo) -> None:
    where = workload(demo)
    refused = navarch("scale", *where, "--replicas", "9", kubeconfig=demo.kubeconfig)
    assert (refused.returncode, refused.stdout) == (4, "")
    assert "→ 9 replicas" in refused.stderr
    tried = navarch("scale", *where, "--replicas", "9", "--dry-run", kubeconfig=demo.kubeconfig)
    assert (tried.returncode, "dry run" in tried.stdout) == (0, True)
    done = navarch("scale", *where, "--replicas", "9", "--yes", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    assert "scaled to 9" in done.stdout
    again = navarch("scale", *where, "--replicas", "9", "--yes", kubeconfig=demo.kubeconfig)
    assert (again.returncode, "is scaled to 9 already" in again.stdout) == (0, True)
    assert navarch("scale", *where, "--yes", kubeconfig=demo.kubeconfig).returncode == 2


def test_restart_says_what_it_is_not_for(demo: Demo) -> None:
    done = navarch("restart", *workload(demo), "--yes", kubeconfig=demo.kubeconfig)
    assert (done.returncode, "restarted" in done.stdout) == (0, True), done.stderr
    wrong = navarch("restart", "pods", "*", "--yes", kubeconfig=demo.kubeconfig)
    assert (wrong.returncode, wrong.stdout) == (4, "")
    assert "only deployments" in wrong.stderr


@pytest.mark.parametrize("words", [("{}",), ("node", "{}"), ("nodes/{}",)])
def test_a_kind_that_goes_without_saying(demo: Demo, words: tuple[str, ...]) -> None:
    cluster = demo.clusters[0]
    node = f"{cluster}-node-1"
    named = [word.format(node) for word in words]
    done = navarch("cordon", *named, "-c", cluster, "--yes", kubeconfig=demo.kubeconfig)
    assert (done.returncode, f"node/{node} cordoned" in done.stdout) == (0, True), done.stderr
    shown = navarch("get", "nodes", node, "-c", cluster, kubeconfig=demo.kubeconfig)
    assert "SchedulingDisabled" in shown.stdout
    assert navarch("uncordon", *named, "-c", cluster, "--yes", kubeconfig=demo.kubeconfig).returncode == 0


def test_edit_through_an_editor(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    where = workload(demo, 1)
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/replicas: .*/replicas: 6/'")
    refused = navarch("edit", *where, kubeconfig=demo.kubeconfig)
    assert refused.returncode == 4
    assert "+  replicas: 6" in refused.stderr
    [kept] = (tmp_path / "home" / "run").glob("edit-*")
    assert str(kept) in refused.stderr
    kept.unlink()
    done = navarch("edit", *where, "--yes", kubeconfig=demo.kubeconfig)
    assert (done.returncode, "edited" in done.stdout) == (0, True), done.stderr
    monkeypatch.setenv("KUBE_EDITOR", "sed -i 's/replicas: .*/replicas: many/'")
    broken = navarch("edit", *where, "--yes", kubeconfig=demo.kubeconfig)
    assert broken.returncode == 1
    assert len(list((tmp_path / "home" / "run").glob("edit-*"))) == 1
    monkeypatch.setenv("KUBE_EDITOR", "true")
    assert navarch("edit", *where, "--yes", kubeconfig=demo.kubeconfig).returncode == 0


def test_secrets_are_not_given_to_an_editor(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_EDITOR", os.devnull)
    name = navarch("get", "secrets", "-o", "name", kubeconfig=demo.kubeconfig).stdout.splitlines()[0].split()
    refused = navarch("edit", name[2], "-c", name[0], "-n", name[1], "--yes", kubeconfig=demo.kubeconfig)
    assert refused.returncode == 4
    assert "into files" in refused.stderr
