"""TAB on the command line."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.navarch_command import COMMAND
from tests.fleet.running_demo import Demo

TABLE = ("shown", "hidden", "sort", "descending", "favourites")


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
        ("navarch can-i dele", ["delete", "deletecollection"]),
        ("navarch can-i delete statef", ["statefulsets"]),
        ("navarch who-can get pods we", []),
        ("navarch settings get lock.h", ["lock.hours"]),
        ("navarch settings set keys.table.page_", ["keys.table.page_down", "keys.table.page_up"]),
        ("navarch settings set tables.statef", [f"tables.statefulsets.{key}" for key in TABLE]),
        ("navarch settings set tables.certs.so", ["tables.certs.sort"]),
        ("navarch settings set theme high", ["high-contrast"]),
        ("navarch settings set mouse f", ["false"]),
        ("navarch settings set tables.pods.sort RES", ["RESTARTS"]),
        ("navarch settings set nonsense.x ", []),
        ("navarch settings un", ["unset"]),
        ("navarch completion f", ["fish"]),
    ],
)
def test_without_a_vault(tmp_path: Path, line: str, offered: list[str]) -> None:
    assert tab(line, home=tmp_path) == offered


def test_clusters_of_a_kubeconfig(tmp_path: Path, demo: Demo) -> None:
    given = f"navarch get --kubeconfig {demo.kubeconfig} pods"
    assert tab(f"{given} @pro", home=tmp_path) == [f"@{name}" for name in demo.clusters]
    assert tab(f"{given} -c pro", home=tmp_path) == list(demo.clusters)
    assert tab(f"navarch fleet --kubeconfig {demo.kubeconfig} @pro", home=tmp_path) == [
        f"@{name}" for name in demo.clusters
    ]


def test_a_name_that_is_in_the_settings_already(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o700)
    (tmp_path / "config" / "settings.toml").write_text(
        '[commands.stern]\nrun = ["stern"]\n[aliases]\ncrash = "pods"\n'
    )
    assert tab("navarch settings set commands.stern.wh", home=tmp_path) == ["commands.stern.where"]
    assert tab("navarch settings set commands.stern.where t", home=tmp_path) == ["text", "terminal"]
    assert tab("navarch settings unset aliases.", home=tmp_path) == ["aliases.crash"]
