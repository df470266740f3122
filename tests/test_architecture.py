"""What the import contracts can't see: that the rooms really work without what they must not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}

BLOCKED_IMPORT = """
import importlib, pkgutil, sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {blocked!r}:
            raise ImportError(f"{{name}} must not be needed here")

sys.meta_path.insert(0, Blocker())
package = importlib.import_module({room!r})
for module in pkgutil.walk_packages(package.__path__, {room!r} + "."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""

ROOMS = {"backend": ("textual", "rich", "console"), "blockengine": ("textual", "rich", "console", "backend")}


@pytest.mark.parametrize("room", [room for room in ROOMS if (ROOT / room).is_dir()])
def test_a_room_works_without_what_stands_above_it(room: str) -> None:
    code = BLOCKED_IMPORT.format(blocked=set(ROOMS[room]), room=room)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=100, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) > 1


def test_module_names_say_something() -> None:
    modules = [p for room in ("backend", "console", "blockengine") for p in (ROOT / room).rglob("*.py")]
    assert modules
    assert [p for p in modules if FORBIDDEN_NAMES & set(p.with_suffix("").relative_to(ROOT).parts)] == []
