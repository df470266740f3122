"""TAB on the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.navarch_command import COMMAND
from tests.fleet.running_demo import Demo


def tab(line: str, *, home: Path) -> list[str]:
    """What bash is offered for the last word of the line."""
    words = line.split(" ")
    told = {k: v for k, v in os.environ.items() if not k.startswith(("NAVARCH", "KUBE"))}
    told |= {"NAVARCH_HOME": str(home), "_NAVARCH_COMPLETE": "complete_bash"}
    told |= {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(COMMAND, env=told, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("navarch get deplo", ["deployments"]),
        ("navarch describe stat", ["statefulsets"]),
        ("navarch get pods ap", []),
        ("navarch get pods --sort RES", ["RESTARTS"]),
        ("navarch get pods @", []),  # no vault: silent
        ("navarch delete conf", ["configmaps"]),
    ],
)
def test_without_a_vault(tmp_path: Path, line: str, offered: list[str]) -> None:
    assert tab(line, home=tmp_path) == offered


def test_clusters_of_a_kubeconfig(tmp_path: Path, demo: Demo) -> None:
    given = f"navarch get --kubeconfig {demo.kubeconfig} pods"
    assert tab(f"{given} @pro", home=tmp_path) == [f"@{name}" for name in demo.clusters]
    assert tab(f"{given} -c pro", home=tmp_path) == list(demo.clusters)
