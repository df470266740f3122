"""``--help`` is complete, and docs/cli.md is what the commands say.

After a wanted change: ``NAVARCH_DOCS=write pytest tests/cli/test_page.py``, then look at ``git diff``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from console.cli.page import all_commands, cli_page
from console.cli.root import root_command
from tests.settings.test_pages import compare

ROOT = Path(__file__).parents[2]
COMMANDS = all_commands()
_CALL = re.compile(r"`navarch ([a-z][a-z -]*)|^navarch ([a-z][a-z -]*)", re.M)


def test_the_page_is_what_the_commands_say() -> None:
    compare(ROOT / "docs" / "cli.md", cli_page())


@pytest.mark.parametrize("path", COMMANDS)
def test_everything_has_a_help_text(path: str) -> None:
    command: Any = COMMANDS[path]
    assert (command.help or "").strip().endswith((".", "!")), path
    without = [param.name for param in command.params if not (getattr(param, "help", "") or "").strip()]
    assert without == []


def test_the_root_s_options_have_a_help_text() -> None:
    assert [p.name for p in root_command().params if not getattr(p, "help", "")] == []


@pytest.mark.parametrize(
    "page", ["README.md", *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md"))]
)
def test_commands_that_a_page_names_exist(page: str) -> None:
    """``navarch vault slot add`` and the like; what follows a command is its arguments."""
    known = set(COMMANDS) | {path.rpartition(" ")[0] for path in COMMANDS} | {""}
    known |= {path.split()[0] for path in COMMANDS}
    for found in _CALL.finditer((ROOT / page).read_text("utf-8")):
        words = (found[1] or found[2]).split()
        assert words[0] in {path.split()[0] for path in known if path} | {"-"}, (page, found[0])
