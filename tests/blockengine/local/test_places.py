"""An engine that can't have what it wants: another user's rights, no fuse, a port that is taken."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from blockengine.control.engine import Impossible
from blockengine.local import system
from tests.blockengine.local.running import Engine
from tests.blockengine.local.test_engine import read, written
from tests.blockengine.volume.test_tls import Authority

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found again by /proc"),
    pytest.mark.timeout(600),
]
ROOT = Path(__file__).parents[3]


class OfNobody(Engine):
    """The supervisor, and so all that it starts, is of the user nobody."""

    def start(self) -> None:
        user = pwd.getpwnam("nobody")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        python = _python_of_nobody()
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*_AS_NOBODY, python, "-m", "blockengine", "local", str(self.home)],
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(),
            )
        self.until(self.answers, "the supervisor never answered")


_AS_NOBODY = ("setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups")


def _environment() -> dict[str, str]:
    packages = [path for path in sys.path if path.endswith("site-packages")]
    return {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join((str(ROOT), *packages))}


def _python_of_nobody() -> str:
    """A Python that nobody may run, with all that the engine imports."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        # By a shell: who becomes nobody has root's rights until it starts another program.
        ask = f"exec {python} -c 'import blockengine.local.engine, uvloop, aiohttp'"
        tried = [*_AS_NOBODY, "sh", "-c", ask]
        if not subprocess.run(tried, env=_environment(), capture_output=True, check=False).returncode:
            return python
    pytest.skip("nobody may run no Python that has what the engine imports")


@pytest.fixture
def of_nobody() -> Iterator[Engine]:
    if os.geteuid() or shutil.which("setpriv") is None:
        pytest.skip("needs root, and setpriv, to become nobody")
    running = OfNobody()
    try:
        running.start()
        yield running
    finally:
        running.close()


def test_who_is_not_root_has_volumes_and_is_told_why_there_is_no_device(of_nobody: Engine) -> None:
    engine = of_nobody
    engine.pools("a", "b", "c")
    made = engine.create("demo")
    assert (made["health"], made["in_sync"]) == ("healthy", 3)
    written(engine.nbd("demo"), 7)
    assert read(engine.nbd("demo")) == 7
    assert (engine.home / "pools" / "a").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    for by in ("auto", "nbdfuse", "nbd-client"):
        status, words = engine.no("POST", "/v1/volumes/demo/attachment", {"by": by})
        assert status == 400
        assert "volume show has the address" in words or "Debian: apt-get" in words
    theirs = engine.folder / "theirs"
    theirs.mkdir(mode=0o700)
    status, words = engine.no("POST", "/v1/pools", {"path": str(theirs / "pool")})
    assert (status, "can't be a pool: Permission denied" in words) == (400, True)
    # Nothing came of what was refused.
    assert [pool["name"] for pool in engine.ok("GET", "/v1/pools")] == ["a", "b", "c"]
    assert engine.volume("demo")["attachment"] is None
    engine.stop()


@pytest.mark.parametrize(
    ("there", "why", "how"),
    [(False, "is not there", "modprobe fuse"), (True, "may not be used by this user", "Be root")],
)
def test_without_fuse_it_says_so_and_how_to_do_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, there: bool, why: str, how: str
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "nbdfuse").write_text("#!/bin/sh\n")
    (programs / "nbdfuse").chmod(0o755)
    monkeypatch.setattr(system, "_DEV", tmp_path)
    monkeypatch.setattr(system, "_PATH", str(programs))
    # What finds programs asks as well.
    monkeypatch.setattr(os, "access", lambda path, mode: "bin" in str(path))
    if there:
        (tmp_path / "fuse").touch()
    with pytest.raises(Impossible, match=why) as told:
        system.way_to_attach("nbdfuse")
    assert how.lower() in told.value.next.lower()
    assert "volume show has the address" in told.value.next


def test_a_port_that_is_taken_is_told_before_anything_is_started(tmp_path: Path) -> None:
    """The volumes of an engine that could not listen would go on without it."""
    running = Engine()
    try:
        running.start()
        running.pools("a")
        running.create("demo", replicas=1)
        running.stop()
        authority = Authority(tmp_path, "authority")
        keys = authority.keys("voter.navarch")
        token = tmp_path / "token"
        token.write_text("a token of sixteen characters or more")
        token.chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = f"127.0.0.1:{taken.getsockname()[1]}"
            words = [
                "--listen", where, "--tls-certificate", str(keys.certificate),
                "--tls-key", str(keys.key), "--token-file", str(token),
            ]  # fmt: skip
            done = subprocess.run(
                [sys.executable, "-m", "blockengine", "local", str(running.home), *words],
                capture_output=True,
                text=True,
                timeout=90,
                check=False,
            )
        assert done.returncode == 1
        assert f"{where} can't be listened on: Address already in use" in done.stderr
        assert "another HOST:PORT" in done.stderr
        assert not running.processes()
        running.start()
        running.until_healthy("demo")
    finally:
        running.close()
