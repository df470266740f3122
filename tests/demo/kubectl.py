"""An unmodified kubectl, run against the demo."""

from __future__ import annotations

import asyncio
import os
import subprocess
from pathlib import Path


class Kubectl:
    def __init__(self, program: str, kubeconfig: Path, home: Path, *, context: str = "") -> None:
        self._base = [program, f"--kubeconfig={kubeconfig}", *([f"--context={context}"] if context else [])]
        self._environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(home)}

    async def run(self, *words: str, stdin: str = "", fails: bool = False, told: bool = False) -> str:
        """What it prints; if it is to fail, or with ``told``, what it says on standard error."""

        def call() -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*self._base, *words],
                input=stdin,
                env=self._environment,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )

        done = await asyncio.to_thread(call)
        assert bool(done.returncode) is fails, done.stderr or done.stdout
        return done.stderr if fails or told else done.stdout

    def popen(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([*self._base, *words], env=self._environment, stdout=subprocess.PIPE)
