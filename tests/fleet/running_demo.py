"""A demo fleet for tests: simulated API servers with certificates and rights, started in a second."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Demo:
    kubeconfig: Path
    """Administrators of every cluster."""
    users_kubeconfig: Path
    """``NAME-viewer`` reads all but secrets, ``NAME-team`` sees the namespace pay only."""
    clusters: tuple[str, ...]


@contextmanager
def running_demo(*, clusters: int = 2, pods: int = 60, module: str = "backend.demo") -> Iterator[Demo]:
    """A calm fleet, the same every time; its process ends with the block (or with this process)."""
    command = [sys.executable, "-m", module, "--clusters", str(clusters), "--pods", str(pods)]
    command += ["--scenario", "calm", "--seed", "7", "--until-eof"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            names = tuple(cluster["name"] for cluster in said["clusters"])
            yield Demo(Path(said["kubeconfig"]), Path(said["users_kubeconfig"]), names)
        finally:
            process.stdin.close()
            process.terminate()
            process.wait(10)
