from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.real import binaries
from tests.real.toolchain import FETCHED, Unavailable, find_go

FAKE_GO = """#!/bin/sh
# Stands in for Go: tells a version, "builds" by writing a file, writes down what it was asked.
echo "$@" >>"$FAKE_GO_LOG"
case "$1" in
  env) echo "${GOTOOLCHAIN:-$FAKE_GO_VERSION}" ;;
  build)
    if [ -n "${FAKE_GO_FAILS:-}" ]; then echo "cannot find module: no network" >&2; exit 1; fi
    while [ "$1" != -o ]; do shift; done
    echo program >"$2"
    chmod +x "$2" ;;
esac
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NAVARCH_KUBE_BIN", "KUBEBUILDER_ASSETS", "GOTOOLCHAIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(binaries, "cache_root", lambda: tmp_path / "cache")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fake Go is installed; the returned file has one line per start of it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "go").write_text(FAKE_GO)
    (folder / "go").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_GO_LOG", str(tmp_path / "asked"))
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.25.8")
    return tmp_path / "asked"


def builds(asked: Path) -> list[str]:
    return [line for line in asked.read_text().splitlines() if line.startswith("build")]


def test_programs_are_built_once_and_found_again(asked: Path) -> None:
    told: list[str] = []
    first = binaries.find(told.append)
    assert all(first.has(name) for name in binaries.PACKAGES)
    assert len(builds(asked)) == len(binaries.PACKAGES)
    assert any("kube-apiserver" in line for line in told)
    assert binaries.find(told.append).folder == first.folder
    assert len(builds(asked)) == len(binaries.PACKAGES)


def test_the_version_is_stamped_for_servers_and_kubectl(asked: Path) -> None:
    binaries.find(lambda line: None)
    version = binaries.kubernetes_version()
    assert f"-X k8s.io/component-base/version.gitVersion={version}" in builds(asked)[0]
    assert f"-X k8s.io/client-go/pkg/version.gitVersion={version}" in builds(asked)[0]


def test_another_go_is_another_build(asked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = binaries.find(lambda line: None).folder
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.26.1")
    assert binaries.find(lambda line: None).folder != first


def test_a_build_that_failed_leaves_nothing_that_looks_finished(
    asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_FAILS", "1")
    with pytest.raises(Unavailable, match="no network"):
        binaries.find(lambda line: None)
    assert [path.name for path in binaries.cache_root().iterdir()] == ["lock"]
    monkeypatch.delenv("FAKE_GO_FAILS")
    assert binaries.find(lambda line: None).has("etcd")


def test_the_half_built_folder_of_a_killed_run_is_cleaned_up(asked: Path) -> None:
    half = binaries.cache_root() / "building-killed"
    half.mkdir(parents=True)
    (half / "etcd").write_text("half")
    folder = binaries.find(lambda line: None).folder
    assert sorted(path.name for path in binaries.cache_root().iterdir()) == sorted(["lock", folder.name])


def test_two_runs_at_once_build_once(asked: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        folders = {
            outcome.folder for outcome in pool.map(lambda _: binaries.find(lambda line: None), range(2))
        }
    assert len(folders) == 1
    assert len(builds(asked)) == len(binaries.PACKAGES)


def test_a_given_folder_wins_and_nothing_is_built(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, variable in enumerate(("KUBEBUILDER_ASSETS", "NAVARCH_KUBE_BIN")):
        given = tmp_path / str(number)
        given.mkdir()
        for name in ("etcd", "kubectl", "kube-apiserver"):
            (given / name).touch(mode=0o755)
        monkeypatch.setenv(variable, str(given))
        found = binaries.find()
        assert (found.folder, found.source) == (given, variable)
    assert not asked.exists()


def test_a_given_folder_that_lacks_a_program_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAVARCH_KUBE_BIN", str(tmp_path))
    (tmp_path / "etcd").touch(mode=0o755)
    with pytest.raises(Unavailable, match=r"NAVARCH_KUBE_BIN=.* lacks kubectl, kube-apiserver"):
        binaries.find()


def test_without_go_the_reason_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable, match="install golang"):
        binaries.find()


def test_an_older_go_that_can_renew_itself_is_told_to(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GO_VERSION", "go1.22.1")
    go = find_go(tmp_path)
    assert (go.version, go.environ()["GOTOOLCHAIN"]) == (FETCHED, FETCHED)


SKIPPING = """
import subprocess, sys
from pathlib import Path

def test_needs_the_rig(rig):
    raise AssertionError("a real Kubernetes was found, though there is no Go")
"""


@pytest.mark.parametrize(("options", "outcome"), [([], "1 skipped"), (["--real"], "1 error")])
def test_without_go_real_tests_skip_by_name_and_fail_when_demanded(
    tmp_path: Path, options: list[str], outcome: str
) -> None:
    (tmp_path / "test_needs.py").write_text(SKIPPING)
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.real.plugin",
        "-q",
        "-rsE",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(
        [*command, *options, "--rootdir", str(tmp_path), str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert outcome in done.stdout
    assert "no real Kubernetes: no Go" in done.stdout
    assert done.returncode == (1 if options else 0)
