"""``navarch settings``: the real program on a file of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.navarch_command import navarch


@pytest.fixture(autouse=True)
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path))
    (tmp_path / "config").mkdir(mode=0o700)
    return tmp_path / "config" / "settings.toml"


def test_set_get_list_and_unset(file: Path) -> None:
    assert navarch("settings", "set", "keys.table.up", "up,f9").returncode == 0
    assert navarch("settings", "set", "mouse", "off").returncode == 0
    assert navarch("settings", "set", "tables.pods.shown", '["IP"]').returncode == 0
    assert navarch("settings", "get", "keys.table.up").stdout == "up,f9\n"
    assert navarch("settings", "get", "mouse", "-o", "json").stdout == "false\n"
    assert navarch("settings", "get", "keys.help").stdout == "?,f1\n", "the usual keys"
    listed = {one["key"]: one for one in json.loads(navarch("settings", "list", "-o", "json").stdout)}
    assert listed["mouse"]["value"] is False
    assert listed["mouse"]["default"] is True
    assert listed["mouse"]["set"] is True
    assert listed["tables.pods.shown"]["value"] == ["IP"]
    assert all(one["description"] for one in listed.values())
    assert navarch("settings", "unset", "mouse").returncode == 0
    assert navarch("settings", "unset", "mouse").returncode == 5, "it was not set"
    assert "mouse" not in file.read_text()
    assert navarch("settings", "path").stdout == f"{file}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["set", "keys.help", "d"], "would mean"),
        (["set", "lock.hours", "many"], "a whole number from 0 to 168"),
        (["set", "nonsense", "1"], "there is no setting nonsense"),
        (["get", "keys.["], "is not a key"),
        (["set", "commands.x.run", '["sh", "-c", "echo {name}"]'], "part of a script"),
    ],
)
def test_nonsense_is_refused_with_why(file: Path, arguments: list[str], said: str) -> None:
    done = navarch("settings", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not file.exists()


def test_check_names_lines_and_the_exit_code_tells(file: Path) -> None:
    assert navarch("settings", "check").returncode == 0
    file.write_text("glow = 1\n\n[keys]\nnope = 'x'\n")
    done = navarch("settings", "check")
    assert done.returncode == 1
    first, second = done.stdout.strip().split("\n")
    assert first.startswith("line 1: glow: this must be true or false")
    assert second.startswith("line 4: keys.nope: no action has this id")
    found = json.loads(navarch("settings", "check", "-o", "json").stdout)
    assert [one["line"] for one in found] == [1, 4]
    done = navarch("settings", "get", "glow")
    assert done.stdout == "true\n", "the default counts"
    assert "settings.toml: line 1" in done.stderr


def test_edit_makes_the_file_and_checks_it(
    file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\necho "mouse = 7" >> "$2"\ntest "$1" = --wait\n')
    editor.chmod(0o755)
    monkeypatch.setenv("VISUAL", f"{editor} --wait")
    done = navarch("settings", "edit")
    assert done.returncode == 1
    assert "mouse: this must be true or false" in done.stdout
    assert file.read_text().startswith("# Settings of Navarch")
    monkeypatch.setenv("VISUAL", "/no/such/editor")
    done = navarch("settings", "edit")
    assert done.returncode == 1
    assert "/no/such/editor can't be run" in done.stderr


def test_schema_keys_and_themes(file: Path) -> None:
    schema = json.loads(navarch("settings", "schema").stdout)
    assert "theme" in schema["$defs"]["Values"]["properties"]
    file.write_text('[keys]\nhelp = "f5"\n')
    keys = {one["id"]: one for one in json.loads(navarch("settings", "keys", "-o", "json").stdout)}
    assert keys["help"]["keys"] == ["f5"]
    assert keys["help"]["usual"] == ["?", "f1"]
    (file.parent / "themes").mkdir()
    (file.parent / "themes" / "mine.toml").write_text('[tones]\ndim = "#333333"\n')
    done = navarch("settings", "themes")
    assert done.returncode == 0
    assert "dim has a contrast of" in done.stdout
    (file.parent / "themes" / "bad.toml").write_text("tones = 1\n")
    done = navarch("settings", "themes")
    assert done.returncode == 1
    assert "bad.toml: tones must be a table" in done.stdout
