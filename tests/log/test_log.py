"""Navarch's own log: bounded, private, and empty of names and secrets whatever it is given."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.log import LogFile, Redactor, redacted
from backend.log import file as log_file

ROOT = Path(__file__).parents[2]


@pytest.fixture
def log(tmp_path: Path) -> LogFile:
    return LogFile(tmp_path)


def test_a_line_is_found_again(log: LogFile) -> None:
    log.note("cluster", cluster="id-of-prod", state="UNREACHABLE", text="the connection was refused")
    [entry] = log.entries()
    assert (entry.what, entry.state, entry.text) == ("cluster", "UNREACHABLE", "the connection was refused")
    assert entry.cluster.startswith("cluster-")
    assert "prod" not in log.path.read_text()
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_pseudonyms_are_stable_here_and_different_elsewhere(tmp_path: Path) -> None:
    one, again = LogFile(tmp_path), LogFile(tmp_path)
    (tmp_path / "other").mkdir()
    other = LogFile(tmp_path / "other")
    assert one.redactor.pseudonym("cluster", "a") == again.redactor.pseudonym("cluster", "a")
    assert one.redactor.pseudonym("cluster", "a") != one.redactor.pseudonym("cluster", "b")
    assert one.redactor.pseudonym("cluster", "a") != other.redactor.pseudonym("cluster", "a")


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ('User "jane@corp.example" cannot list resource "pods"', "jane"),
        ("10.1.2.3:6443 refused the connection", "10.1.2.3"),
        ("api.prod-eu.example.com did not answer", "prod-eu"),
        ("[fe80::1]:6443 did not answer", "fe80"),
        ("proxy prod-proxy:3128 refused", "prod-proxy"),
        ("/home/jane/.kube/config is not readable", "jane"),
        ("~/customers/acme/kubeconfig: no such file", "acme"),
        ("https://user:hunter2@proxy.example", "hunter2"),
        ("Authorization: Bearer abcdef", "abcdef"),
        ("token=s3cr3t-value", "s3cr3t"),
        ("client_secret: s3cr3t", "s3cr3t"),
        ("AGE-SECRET-KEY-1QQQQQQQ", "QQQQ"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----", "MIIabc"),
        ("-----BEGIN EC PRIVATE KEY-----\nMIIabc cut off", "MIIabc"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln", "eyJ"),
        ("ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567", "ABCD"),
        ("x509: certificate is valid for kubernetes.default.svc, not acme-prod.internal", "acme"),
    ],
)
def test_names_and_secrets_leave(text: str, gone: str) -> None:
    assert gone in text
    assert gone not in Redactor(b"salt").text(text)


@given(st.binary(min_size=24, max_size=80))
def test_no_random_bytes_survive_in_any_usual_spelling(secret: bytes) -> None:
    for spelled in (
        secret.hex(),
        base64.b64encode(secret).decode(),
        base64.urlsafe_b64encode(secret).decode(),
    ):
        longest = max(spelled.replace("-", " ").replace("=", " ").split(), key=len)
        if len(longest) >= 20 and any(c.isdigit() for c in longest) and any(c.isalpha() for c in longest):
            assert longest not in redacted(f"it said {spelled} and went on")


def test_ordinary_sentences_stay_readable() -> None:
    said = "The server did not answer within 10 s. Check the network, VPN or proxy."
    assert Redactor(b"salt").text(said) == said


def test_hostile_text_is_one_inert_line(log: LogFile) -> None:
    log.note("error", text="\x1b]52;c;aGk=\x07two\nlines\u202e")
    raw = log.path.read_bytes()
    assert raw.count(b"\n") == 1
    assert b"\x1b" not in raw
    assert "\u202e" not in log.entries()[0].text


def test_it_is_bounded(log: LogFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LARGEST", 4096)
    for number in range(400):
        log.note("error", text=f"number {number} of many sentences that fill the file")
    files = sorted(log.folder.glob("navarch.log*"))
    assert len(files) == 3
    assert sum(file.stat().st_size for file in files) < 3 * 4096 + 1000
    assert "number 399" in log.entries()[-1].text
    assert [e.when for e in log.entries()] == sorted(e.when for e in log.entries())


def test_many_processes_write_whole_lines(log: LogFile) -> None:
    script = (
        "import sys; from pathlib import Path; from backend.log import LogFile\n"
        "log = LogFile(Path(sys.argv[1]))\n"
        "for n in range(200): log.note('error', text=f'line {n} ' + 'words ' * 20)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", script, str(log.folder)], cwd=ROOT) for _ in range(3)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(log.entries()) == 600


def test_a_log_that_cannot_be_written_stops_nothing(log: LogFile) -> None:
    log.path.symlink_to("/dev/full")
    log.note("error", text="nowhere to go")
    assert log.entries() == []


def test_without_a_start_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path / "home"))
    log_file.stop()
    log_file.note("error", text="unheard")
    assert not os.path.exists(tmp_path / "home" / "state")
    log_file.start()
    try:
        log_file.note("error", text="heard")
        assert [entry.text for entry in log_file.entries()] == ["heard"]
    finally:
        log_file.stop()
