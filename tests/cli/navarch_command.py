"""Runs the real program in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-c", "import sys; from console.cli.main import main; sys.exit(main())"]


def navarch(
    *arguments: str, kubeconfig: Path | None = None, typed: str = "", deadline: float = 60.0
) -> subprocess.CompletedProcess[str]:
    """One command line without a terminal."""
    chosen = ["--kubeconfig", str(kubeconfig)] if kubeconfig is not None else []
    return subprocess.run(
        [*COMMAND, *arguments, *chosen],
        input=typed,
        capture_output=True,
        text=True,
        timeout=deadline,
        check=False,
        env={**os.environ, "NO_COLOR": ""},
    )
