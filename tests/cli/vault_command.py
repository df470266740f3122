"""Running ``navarch`` with a vault of its own, as a script would: no terminal, passphrases from files."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from backend.vault import Vault
from backend.vault.kdf import fresh_params

PASSPHRASE = "correct horse battery staple"
ROOT = Path(__file__).parents[2]


@dataclass
class Navarch:
    """One person's Navarch: a home, a passphrase file, and no terminal."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

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
        told = {k: v for k, v in os.environ.items() if not k.startswith(("NAVARCH", "KUBE"))}
        told |= {"NAVARCH_HOME": str(self.home), "HOME": str(self.folder)} | self.environment
        if unlocked:
            told["NAVARCH_PASSWORD_FILE"] = self.secret_file("passphrase", PASSPHRASE)
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

    def done(self, *arguments: str, **more: str) -> str:
        """Run, expect success, give stdout."""
        result = self(*arguments, **more)
        assert result.returncode == 0, (arguments, result.stdout, result.stderr)
        return result.stdout
