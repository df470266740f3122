"""The doctor's checks: each says what is wrong when it is, and stays quiet when it is not."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from backend.diagnosis import doctor
from backend.diagnosis.check import Check, Finding, Surroundings, Verdict
from backend.fleet.registry import ClusterRecord
from backend.fleet.registry.record import KIND, ExecRecord
from backend.vault import Vault
from backend.vault.kdf import fresh_params

PASSPHRASE = "correct horse battery staple"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "home"


def found(name: str, vault: Vault | None = None, **environ: str) -> list[Finding]:
    examine = doctor.all_checks()[name].examine
    assert examine is not None
    return list(examine(Surroundings(environ=environ, vault=vault)))


def verdicts(findings: Iterable[Finding]) -> set[str]:
    return {finding.verdict.value for finding in findings}


@pytest.fixture
def vault(home: Path) -> Iterable[Vault]:
    made, _ = Vault.create(passphrase=PASSPHRASE, kdf=fresh_params(memory=64, passes=1, lanes=1))
    yield made
    made.lock()
    made.close()


def test_every_check_has_a_title_and_one_way_of_looking() -> None:
    checks = doctor.all_checks()
    assert len(checks) >= 14
    for name, check in checks.items():
        assert check.title, name
        assert (check.examine is None) != (check.ask is None), name


def test_what_is_not_fine_says_what_to_do(vault: Vault, home: Path) -> None:
    (home / "config").mkdir(mode=0o700)
    (home / "config").chmod(0o777)
    vault.put(KIND, ClusterRecord(name="c", server="https://127.0.0.1", exec=_plugin("/nowhere")).encode())
    environ = {"TERM": "dumb", "HTTPS_PROXY": "http://u:p@h:1", "KUBECONFIG": "/nowhere/config"}
    bad = [
        finding
        for name in doctor.all_checks()
        if doctor.all_checks()[name].examine
        for finding in found(name, vault, **environ)
        if finding.verdict is not Verdict.OK
    ]
    assert len(bad) >= 4
    assert all(finding.what and finding.advice for finding in bad)


def test_folders_that_others_can_write_to_fail(home: Path) -> None:
    assert verdicts(found("folders")) == {"ok"}
    (home / "data" / "loose").touch()
    (home / "data" / "loose").chmod(0o666)
    assert any("changed by others" in f.what for f in found("folders") if f.verdict is Verdict.FAIL)
    (home / "data" / "loose").unlink()
    (home / "state").chmod(0o770)
    assert "fail" in verdicts(found("folders"))
    (home / "state").chmod(0o700)


def test_terminals_and_locales() -> None:
    assert "fail" not in verdicts(found("terminal", TERM="xterm-256color"))
    assert any("can't place text" in f.what for f in found("terminal", TERM="dumb"))
    assert "LANG=C.UTF-8" in found("locale", LANG="C.UTF-8")[0].what


def test_a_password_in_a_proxy_is_told_without_being_shown() -> None:
    findings = found("proxies", HTTPS_PROXY="http://jane:hunter2@proxy.example:3128")
    assert "warn" in verdicts(findings)
    assert not any("hunter2" in f.what or "jane" in f.what for f in findings)
    assert any("NO_PROXY" in f.what for f in findings)
    assert verdicts(found("proxies")) == {"ok"}
    assert "warn" in verdicts(
        found("proxies", HTTPS_PROXY="http://a:1", https_proxy="http://b:1", NO_PROXY="x")
    )


def test_a_kubeconfig_that_others_can_read(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.touch(mode=0o600)
    assert verdicts(found("kubeconfigs", KUBECONFIG=str(path))) == {"ok"}
    path.chmod(0o640)
    [finding] = found("kubeconfigs", KUBECONFIG=str(path))
    assert finding.verdict is Verdict.WARN
    assert "chmod 600" in finding.advice
    assert "warn" in verdicts(found("kubeconfigs", KUBECONFIG=str(tmp_path / "gone")))


def test_the_vault_locked_open_damaged_and_none(vault: Vault, home: Path) -> None:
    assert verdicts(found("vault", vault)) == {"ok"}
    assert "locked" in found("vault")[0].what
    vault.path.chmod(0o644)
    assert verdicts(found("vault", vault)) == {"fail"}
    vault.path.chmod(0o600)
    content = bytearray(vault.path.read_bytes())
    content[:16] = b"not a database.."
    vault.path.write_bytes(content)
    assert verdicts(found("vault")) == {"fail"}
    vault.path.unlink()
    assert "no vault yet" in found("vault")[0].what


def _plugin(path: str) -> ExecRecord:
    return ExecRecord(api_version="client.authentication.k8s.io/v1", command=path)


def test_a_plugin_that_changed_since_it_was_approved_fails(vault: Vault, tmp_path: Path) -> None:
    from backend.fleet.registry import Registry
    from backend.kube.exec_review import approval_for

    program = tmp_path / "plugin"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    vault.put(KIND, ClusterRecord(name="c", server="https://127.0.0.1", exec=_plugin(str(program))).encode())
    assert "warn" in verdicts(found("programs", vault))
    registry = Registry(vault)
    known = registry.known()[0]
    access = known.record.access(known.id)
    assert access.exec is not None
    registry.approve(known, approval_for(access.exec, access))
    assert verdicts(found("programs", vault)) == {"ok"}
    program.write_text("#!/bin/sh\nevil\n")
    assert "fail" in verdicts(found("programs", vault))


async def test_clusters_that_never_answer_are_counted_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from backend.diagnosis.checks import clocks

    class Silent:
        id = name = "silent"
        clock_skew = 0.0

        @property
        def client(self) -> Silent:
            return self

        async def version(self) -> None:
            await asyncio.Event().wait()

    class Fleet:
        clusters = [Silent() for _ in range(300)]

    monkeypatch.setattr(clocks, "_ALTOGETHER", 0.2)
    findings = list(await clocks._ask(Surroundings(environ={}, fleet=Fleet())))  # type: ignore[arg-type]
    assert [finding.verdict.value for finding in findings] == ["warn", "ok"]
    assert "300 clusters were not reached" in findings[0].what


def test_room_on_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        f_bavail, f_frsize, f_files, f_favail = 1, 4096, 1000, 5

    monkeypatch.setattr(os, "statvfs", lambda _: Full())
    assert verdicts(found("disk")) == {"fail"}


def test_swap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from backend.diagnosis.checks import swap

    table = tmp_path / "swaps"
    monkeypatch.setattr(swap, "SWAPS", table)
    table.write_text("Filename Type Size\n/dev/sda2 partition 100 0 -2\n")
    assert verdicts(found("swap")) == {"warn"}
    table.write_text("Filename Type Size\n/dev/zram0 partition 100 0 -2\n")
    assert verdicts(found("swap")) == {"ok"}


async def test_one_check_that_breaks_or_hangs_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    def broken(around: Surroundings) -> Iterable[Finding]:
        raise ValueError("canary in the message")

    async def hanging(around: Surroundings) -> Iterable[Finding]:
        await asyncio.Event().wait()
        return []

    checks: dict[str, Any] = {
        "broken": Check(title="Broken", examine=broken),
        "hanging": Check(title="Hanging", ask=hanging),
        "python": doctor.all_checks()["python"],
    }
    monkeypatch.setattr(doctor, "all_checks", lambda: checks)
    monkeypatch.setattr(doctor, "SECONDS", 0.2)
    done = await doctor.examine(Surroundings(environ={}))
    assert [one.id for one in done] == ["broken", "hanging", "python"]
    assert "canary" not in str(done)
    assert done[1].verdict is Verdict.WARN
    assert done[2].verdict is Verdict.OK


async def test_a_clock_that_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.diagnosis.checks import clocks
    from backend.kube.errors import Unreachable

    class Client:
        def __init__(self, error: Exception | None = None) -> None:
            self.error = error

        async def version(self) -> None:
            if self.error:
                raise self.error

    class Cluster:
        def __init__(self, name: str, skew: float, error: Exception | None = None) -> None:
            self.id = self.name = name
            self.clock_skew, self.client = skew, Client(error)

    class Fleet:
        clusters = [
            Cluster("fine", 0.4),
            Cluster("fast", 9.0),
            Cluster("wrong", -400.0),
            Cluster("dead", 0.0, Unreachable("dead", "refused the connection")),
        ]

    findings = list(await clocks._ask(Surroundings(environ={}, fleet=Fleet())))  # type: ignore[arg-type]
    said = {finding.cluster: finding.verdict.value for finding in findings}
    assert said == {"fast": "warn", "wrong": "fail", "dead": "warn", "": "ok"}
    assert "behind" in next(f.what for f in findings if f.cluster == "wrong")
