"""What the import review finds out about a plugin without running it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.exec_review import approval_for

ACCESS = ClusterAccess(id="c", name="prod", server="https://api.example:6443")
SPEC = ExecSpec(
    api_version="client.authentication.k8s.io/v1", command="my-plugin", args=("get", "to\x1b[0mken")
)


def program(folder: Path, name: str = "my-plugin", *, mode: int = 0o755) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\ntouch /tmp/it-ran\n")
    path.chmod(mode)
    return path


def test_a_bare_name_is_found_on_path_but_never_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "here")
    real = program(tmp_path / "bin")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("PATH", f".:here::{tmp_path / 'bin'}")
    review = approval_for(SPEC, ACCESS)
    assert review.path == real
    assert review.approval is not None
    assert review.approval.path == real
    assert review.script
    assert review.mode == "-rwxr-xr-x"


def test_a_relative_command_is_beside_the_kubeconfig_which_is_a_danger(tmp_path: Path) -> None:
    real = program(tmp_path / "conf" / "bin")
    review = approval_for(replace(SPEC, command="./bin/my-plugin", base_dir=tmp_path / "conf"), ACCESS)
    assert review.path == real
    assert any("came along" in danger for danger in review.dangers)


def test_where_everybody_can_write_is_a_danger(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    path = program(folder)
    folder.chmod(0o777)
    review = approval_for(replace(SPEC, command=str(path)), ACCESS)
    assert any(str(folder) in danger for danger in review.dangers)


@pytest.mark.parametrize("mode", [0o757, 0o777])
def test_a_program_that_others_can_change_is_a_danger(tmp_path: Path, mode: int) -> None:
    path = program(tmp_path, mode=mode)
    assert "others can change it" in approval_for(replace(SPEC, command=str(path)), ACCESS).dangers


def test_loader_variables_are_a_danger(tmp_path: Path) -> None:
    path = program(tmp_path)
    spec = replace(
        SPEC, command=str(path), env=(("LD_PRELOAD", "x"), ("bash_env", "x"), ("AWS_PROFILE", "p"))
    )
    dangers = approval_for(spec, ACCESS).dangers
    assert [d for d in dangers if "LD_PRELOAD" in d]
    assert [d for d in dangers if "bash_env" in d]
    assert not [d for d in dangers if "AWS_PROFILE" in d]


@pytest.mark.parametrize("kind", ["missing", "folder", "not executable", "fifo"])
def test_what_cannot_be_a_program_gets_no_approval(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "not executable":
        program(tmp_path, "x", mode=0o600)
        path.chmod(0o600)
    elif kind == "fifo":
        os.mkfifo(path, 0o700)
    review = approval_for(replace(SPEC, command=str(path)), ACCESS)
    assert review.approval is None
    assert review.refusal


def test_what_the_kubeconfig_says_is_shown_inert(tmp_path: Path) -> None:
    review = approval_for(replace(SPEC, command=str(program(tmp_path))), ACCESS)
    assert "\x1b" not in "".join(review.args)


def test_the_approval_depends_on_everything_that_is_run(tmp_path: Path) -> None:
    path = program(tmp_path)
    base = replace(SPEC, command=str(path))
    variants = [
        (base, ACCESS),
        (replace(base, args=("x",)), ACCESS),
        (replace(base, env=(("A", "b"),)), ACCESS),
        (base, replace(ACCESS, server="https://other.example")),
    ]
    prints = {a.fingerprint for s, c in variants if (a := approval_for(s, c).approval)}
    path.write_text("#!/bin/sh\n")
    changed = approval_for(base, ACCESS).approval
    assert changed is not None
    assert len(prints | {changed.fingerprint}) == 5
