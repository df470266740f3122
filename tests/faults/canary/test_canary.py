"""A secret that went into the vault is never on disk, in a crash, a log, a bundle, an argument or a picture.

One person's whole use of Navarch, with secrets that can be looked for: import, commands, the console in a
real terminal, crashes of two kinds, the doctor and a support bundle. Then every byte it left is searched.
"""

from __future__ import annotations

import base64
import os
import secrets
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tests.faults.canary.search import Canaries, ProcessWatch, as_text, spellings
from tests.fleet.running_demo import running_demo
from tests.terminal import Terminal

ROOT = Path(__file__).parents[3]
SLOW = 60.0
linux = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


class Person:
    """Home, temporary folder, runtime folder and working directory: all below ``place``, all searched."""

    def __init__(self, place: Path, outside: Path) -> None:
        self.place, self.outside = place, outside
        for name in ("home", "tmp", "run", "work"):
            (place / name).mkdir(mode=0o700, parents=True)
        self.passphrase = f"canary {words()}"
        self.environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONFAULTHANDLER": "1",
            "HOME": str(place / "home"),
            "TMPDIR": str(place / "tmp"),
            "XDG_RUNTIME_DIR": str(place / "run"),
            "NAVARCH_HOME": str(place / "home" / "navarch"),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
        }
        self.said = b""
        """Everything commands wrote."""

    def secret_file(self, name: str, content: str) -> Path:
        path = self.outside / name
        path.touch(mode=0o600)
        path.write_text(content)
        return path

    def run(self, *arguments: str, unlocked: bool = True, code: int | None = 0) -> str:
        extra = {"NAVARCH_PASSWORD_FILE": str(self.outside / "passphrase")} if unlocked else {}
        done = subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            env=self.environment | extra,
            cwd=self.place / "work",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SLOW,
            check=False,
            preexec_fn=_cores_wanted,
            start_new_session=True,
        )
        assert code is None or done.returncode == code, (arguments, done.stdout, done.stderr)
        self.said += done.stdout + done.stderr
        return done.stdout.decode()

    def console(self, module: str = "console") -> Film:
        self.run("vault", "lock")  # what an earlier console left in the unlock cache
        work, python = shlex.quote(str(self.place / "work")), shlex.quote(sys.executable)
        script = f"ulimit -c unlimited; cd {work} && exec {python} -m {module}"
        return Film(["/bin/sh", "-c", script], self.environment, size=(160, 48))


class Film(Terminal):
    """Remembers every picture: a terminal is told only what changes, so its bytes alone may hide a word."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, size: tuple[int, int]
    ) -> None:
        self.pictures: set[str] = set()
        super().__init__(command, environment, size=size)

    def pump(self, seconds: float = 0.05) -> bool:
        going_on = super().pump(seconds)
        self.pictures.add(self.text)
        return going_on

    @property
    def written(self) -> bytes:
        """All that came, and all that was to be seen, also where it went on in the next line."""
        seen = "\n".join(self.pictures)
        return b"\n".join((bytes(self.raw), seen.encode(), seen.replace("\n", "").encode()))


def words(count: int = 4) -> str:
    """What people choose: no shape by which the log's redaction would know it for a secret."""
    return " ".join("".join(secrets.choice("abdefghiklmnoprstuvw") for _ in range(6)) for _ in range(count))


def _cores_wanted() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def secret_of(key_pem: bytes) -> bytes:
    """The part of a private key that nothing public holds."""
    key: Any = load_pem_private_key(key_pem, None)
    der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    if hasattr(key.private_numbers(), "private_value"):
        value: bytes = key.private_numbers().private_value.to_bytes((key.key_size + 7) // 8, "big")
    else:
        value = key.private_numbers().d.to_bytes((key.key_size + 7) // 8, "big")
    assert value[2:34] in der
    return value[2:34]


def import_everything(person: Person, kubeconfig: Path) -> Canaries:
    """A kubeconfig with every kind of credential, outside of what is searched, taken into a new vault."""
    document = yaml.safe_load(kubeconfig.read_text())
    context = document["contexts"][0]
    cluster = next(c for c in document["clusters"] if c["name"] == context["context"]["cluster"])
    admin = next(u for u in document["users"] if u["name"] == context["context"]["user"])
    token, password, issued = (f"canary-{kind}-{words().replace(' ', '-')}" for kind in ("tok", "pwd", "iss"))
    answer = (
        '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",'
        f'"status":{{"token":"{issued}"}}}}'
    )
    plugin = person.secret_file("plugin", f"#!/bin/sh\ncat {person.secret_file('issued', answer)}\n")
    plugin.chmod(0o700)
    users: dict[str, dict[str, Any]] = {
        "by-key": admin["user"],
        "by-token": {"token": token},
        "by-password": {"username": "jane", "password": password},
        "by-plugin": {
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": str(plugin),
                "interactiveMode": "Never",
            }
        },
    }
    document["users"] = [{"name": name, "user": user} for name, user in users.items()]
    document["contexts"] = [
        {"name": name, "context": {"cluster": cluster["name"], "user": name}} for name in users
    ]
    document["current-context"] = "by-key"
    file = person.secret_file("kubeconfig", yaml.safe_dump(document))
    person.secret_file("passphrase", f"{person.passphrase}\n")
    person.run("vault", "init")
    listed = person.run("cluster", "import", str(file), "--yes", "--approve-programs", code=None)
    assert len(person.run("cluster", "list", "-o", "json").split('"name"')) == 5, listed
    return Canaries(
        token=token.encode(),
        password=password.encode(),
        issued=issued.encode(),
        key=secret_of(base64.b64decode(admin["user"]["client-key-data"])),
        passphrase=person.passphrase.encode(),
    )


def use_commands(person: Person) -> None:
    person.run("get", "pods", "-c", "by-key", "-o", "wide")
    person.run("get", "secrets", "-c", "by-key", "-o", "yaml")
    person.run("get", "pods", code=None)  # three of four clusters refuse: errors with everything in hand
    person.run("cluster", "show", "by-token", code=None)
    person.run("cluster", "test", code=None)
    person.run("kubeconfig", code=None)
    person.run("journal")
    person.run("vault", "check")
    person.run("vault", "backup")
    person.run("vault", "slot", "list")
    person.run("doctor", code=None)
    person.run("doctor", "-o", "json", code=None)
    person.run("support-bundle", "--yes", "--online")


def unlock(person: Person, terminal: Terminal) -> None:
    terminal.expect("vault is locked", deadline=SLOW)
    terminal.type(person.passphrase)
    terminal.press("enter")
    terminal.expect("1/4 live", deadline=SLOW)


def line(terminal: Terminal, text: str, *signs: str) -> None:
    terminal.press(":")
    terminal.expect("\n :")
    terminal.type(f"{text}\r")
    terminal.expect(*signs, deadline=SLOW)


def look_around(person: Person, terminal: Terminal) -> None:
    """Through the screens, with a wrong and a right passphrase typed, and errors opened in full."""
    line(terminal, "pods", "rows")
    line(terminal, "screen journal", "journal")
    line(terminal, "doctor", "findings")
    line(terminal, "log", "Navarch's own log")
    line(terminal, "vault", "ways in")
    terminal.press("K")
    terminal.expect("The vault's check")
    terminal.press("esc")
    terminal.expect_gone("The vault's check")
    terminal.press("n", "enter")
    terminal.expect("Your passphrase or recovery code")
    terminal.type(person.passphrase)
    terminal.press("esc")
    terminal.expect_gone("Your passphrase or recovery code")
    line(terminal, "screen fleet", "1/4 live")
    terminal.press("S")
    terminal.expect("Clusters")
    terminal.press("enter")
    terminal.press("esc")


@linux
@pytest.mark.timeout(400)
def test_no_secret_is_anywhere_but_in_the_vault(tmp_path: Path) -> None:
    person = Person(tmp_path / "searched", tmp_path)
    with running_demo(clusters=1, pods=20) as demo:
        canaries = import_everything(person, demo.kubeconfig)
        own = Path(demo.kubeconfig).parent  # the demo's own files hold its keys; they are not Navarch's
        assert person.place not in own.parents
        with ProcessWatch(canaries, os.getpid()) as watch:
            use_commands(person)
            with person.console() as terminal:
                unlock(person, terminal)
                look_around(person, terminal)
                person.run("doctor", code=None)
                # A locked door: the screen's cover, then a way out that nobody planned.
                terminal.press("ctrl+l")
                terminal.expect("vault is locked")
                terminal.press("ctrl+q")
                assert terminal.wait_for_end() == 0
                pictures = terminal.written
            crashed = crash(person, "doomed")
            aborted = crash(person, "aborted")
            person.run("support-bundle", "--yes", "-o", "after.tar.gz")
            person.run("vault", "lock")
    assert len(watch.seen) > 10, "the watch saw no processes"
    assert watch.sightings == set(), as_text(watch.sightings)
    written = {"commands": person.said, "screens": pictures, "crash": crashed, "abort": aborted}
    for name, data in written.items():
        assert canaries.sightings(data, name) == [], name
    assert (person.place / "work" / "after.tar.gz").exists()
    assert b"crash" in (person.place / "home/navarch/state/log/navarch.log").read_bytes()
    assert b"UnicodeDecodeError" in crashed
    found = canaries.on_disk(person.place)
    assert found == [], as_text(found)
    assert not list(person.place.rglob("core*"))


def crash(person: Person, how: str) -> bytes:
    """End a console in the worst way; everything it wrote to its terminal."""
    module = "tests.faults.canary.doomed" if how == "doomed" else "console"
    with person.console(module) as terminal:
        unlock(person, terminal)
        line(terminal, "pods", "rows")
        if how == "doomed":
            terminal.press("ctrl+p")
        else:
            terminal.signal(signal.SIGABRT)
        assert terminal.wait_for_end(SLOW) != 0
        return terminal.written


# --- the search itself must find what is there


FOUND = {
    "log": ("navarch.log", "after.tar.gz!"),
    "disk": ("navarch/state/last",),
    "picture": ("in screens",),
    "crash": ("in screens",),
}
"""Where a leak is seen; what the log holds goes into a bundle, too."""


@linux
@pytest.mark.timeout(200)
@pytest.mark.parametrize("place", FOUND)
def test_a_leak_is_found_where_it_is(tmp_path: Path, place: str) -> None:
    """The same console, the same search, and one mistake."""
    person = Person(tmp_path / "searched", tmp_path)
    person.secret_file("passphrase", f"{person.passphrase}\n")
    person.run("vault", "init")
    canaries = Canaries(passphrase=person.passphrase.encode())
    with person.console(f"tests.faults.canary.leaking {place}") as terminal:
        terminal.expect("vault is locked", deadline=SLOW)
        terminal.type(person.passphrase)
        terminal.press("enter")
        terminal.expect_gone("vault is locked")
        terminal.expect("help")
        terminal.press("ctrl+p" if place == "crash" else "ctrl+q")
        terminal.wait_for_end(SLOW)
    person.run("support-bundle", "--yes", "-o", "after.tar.gz")
    found = canaries.on_disk(person.place) + canaries.sightings(terminal.written, "screens")
    for sign in FOUND[place]:
        assert any(sign in one for one in found), (sign, as_text(found))


def planted(secret: bytes) -> dict[str, bytes]:
    import gzip

    return {
        **spellings(secret),
        "in a longer base64 text": base64.b64encode(b"xy" + secret + b"z"),
        "gzip": gzip.compress(b"..." + secret),
    }


@pytest.mark.parametrize("spelling", sorted(planted(b"0123456789abcdef0123")))
def test_the_search_finds_every_spelling(tmp_path: Path, spelling: str) -> None:
    secret = secrets.token_hex(16).encode()
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"before " + planted(secret)[spelling] + b" after")
    if spelling == "gzip":
        (tmp_path / "deep" / "file").write_bytes(planted(secret)[spelling])
    assert Canaries(secret=secret).on_disk(tmp_path)
    assert Canaries(other=secrets.token_hex(16).encode()).on_disk(tmp_path) == []


@linux
@pytest.mark.parametrize("place", ["argument", "environment"])
def test_the_watch_finds_what_a_child_is_given(place: str) -> None:
    secret = secrets.token_hex(16)
    command = ["sleep", "60"] if place == "environment" else ["sh", "-c", "sleep 60; true", secret]
    environment = os.environ | ({"CANARY": secret} if place == "environment" else {})
    with ProcessWatch(Canaries(secret=secret.encode()), os.getpid()) as watch:
        child = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            assert waited(lambda: bool(watch.sightings))
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    assert place[:3] in str(watch.sightings) or "cmdline" in str(watch.sightings)


def waited(condition: Callable[[], bool]) -> bool:
    import time

    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()
