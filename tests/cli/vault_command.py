"""Running ``navarch`` with a vault of its own, as a script would: no terminal, passphrases from files."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from backend.vault import Vault
from backend.vault.kdf import fresh_params

PASSPHRASE = "correct horse battery staple"
ROOT = Path(__file__).parents[2]


@dataclass
class Navarch:
    """One person's Navarch: a home, a passphrase file, and no terminal."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    in_process: bool = False
    """Run commands in the test's own process: ten times faster, for tests that are about what they do."""

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def make_vault(self) -> str:
        """A locked vault whose passphrase costs nothing to try; gives its recovery code."""
        for name in ("data", "state"):
            (self.home / name).mkdir(mode=0o700, parents=True)
        vault, code = Vault.create(
            self.home / "data" / "vault.db",
            passphrase=PASSPHRASE,
            kdf=fresh_params(memory=64, passes=1, lanes=1),
            state=self.home / "state",
        )
        vault.close()
        return code

    def secret_file(self, name: str, secret: str) -> str:
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(secret + "\n")
        return str(path)

    def __call__(
        self, *arguments: str, stdin: bytes = b"", unlocked: bool = True, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run one command; ``unlocked``: the passphrase is there for the taking."""
        told = self._told(unlocked=unlocked)
        if self.in_process:
            return _run_here(arguments, stdin, told | environment)
        return subprocess.run(
            [sys.executable, "-m", "console", *arguments],
            cwd=ROOT,
            input=stdin.decode(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            start_new_session=True,  # no controlling terminal: nothing may ask
            env=told | environment,
        )

    def _told(self, *, unlocked: bool) -> dict[str, str]:
        told = {k: v for k, v in os.environ.items() if not k.startswith(("NAVARCH", "KUBE"))}
        told |= {"NAVARCH_HOME": str(self.home), "HOME": str(self.folder)} | self.environment
        if unlocked:
            told["NAVARCH_PASSWORD_FILE"] = self.secret_file("passphrase", PASSPHRASE)
        return told

    def started(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one command as a process of its own, whose words nobody reads."""
        return subprocess.Popen(
            [sys.executable, "-m", "console", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=self._told(unlocked=True),
        )

    def done(self, *arguments: str, **more: str) -> str:
        """Run, expect success, give stdout."""
        result = self(*arguments, **more)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        return result.stdout


def _run_here(
    arguments: Sequence[str], stdin: bytes, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    from console.cli.main import main

    output, words = io.TextIOWrapper(io.BytesIO(), "utf-8", newline=""), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch("console.cli.prompt.person_present", return_value=False),
        mock.patch("sys.stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(words),
    ):
        code = main(list(arguments))
    output.flush()
    said = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
    return subprocess.CompletedProcess(arguments, code, said, words.getvalue())
