"""Which programs wait for a yes, and what a yes covers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from backend.fleet.member import Member
from backend.fleet.programs import allowed, wanting
from backend.kube.access import ClusterAccess, ExecSpec

API = "client.authentication.k8s.io/v1"


def program(folder: Path, name: str = "login") -> str:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def member(name: str, command: str = "", *args: str) -> Member:
    spec = ExecSpec(api_version=API, command=command, args=args) if command else None
    access = ClusterAccess(id=name, name=name, server=f"https://{name}.example", exec=spec)
    return Member(id=name, name=name, access=access)


def test_clusters_that_want_the_same_are_asked_about_once(tmp_path: Path) -> None:
    command = program(tmp_path)
    found = wanting(
        [member("a", command, "x"), member("b", command, "x"), member("c", command, "y"), member("d")]
    )
    assert [(p.clusters, p.command) for p in found] == [
        (("a", "b"), f"{command} x"),
        (("c",), f"{command} y"),
    ]
    assert len(found[0].fingerprints) == 2, "one for each server"
    said = " ".join(found[0].sentences)
    assert command in said
    assert "script" in said


def test_a_yes_covers_these_clusters_and_no_others(tmp_path: Path) -> None:
    command = program(tmp_path)
    members = [member("a", command), member("b", command, "more")]
    agreed = wanting(members)[0].fingerprints
    first, second = allowed(members, agreed)
    assert first.access.exec is not None
    assert first.access.exec.approval is not None
    assert second == members[1]
    elsewhere = replace(members[0], access=replace(members[0].access, server="https://other.example"))
    assert allowed([elsewhere], agreed) == [elsewhere], "another server is another agreement"
    assert [p.clusters for p in wanting([first, second])] == [("b",)]


def test_a_program_that_changed_meanwhile_is_not_allowed(tmp_path: Path) -> None:
    members = [member("a", program(tmp_path))]
    agreed = wanting(members)[0].fingerprints
    (tmp_path / "login").write_text("#!/bin/sh\nrm -rf /\n")
    assert allowed(members, agreed) == members


def test_a_program_that_is_not_there_can_not_be_allowed(tmp_path: Path) -> None:
    found = wanting([member("a", str(tmp_path / "missing"))])
    assert found[0].fingerprints == frozenset()
    assert "No such file" in found[0].sentences[0]
