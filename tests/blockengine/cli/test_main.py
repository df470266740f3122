from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from blockengine.cli.main import main


def ran(*words: str) -> int:
    """The exit status, argparse's refusals included."""
    try:
        return main(list(words))
    except SystemExit as ended:
        return int(ended.code or 0)


def test_a_replica_is_made_shown_and_scrubbed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "replica")
    assert ran("replica", "create", folder, "--size", "8M", "--name", "r1") == 0
    assert ran("replica", "show", folder) == 0
    said = capsys.readouterr().out
    assert "replica    r1" in said
    assert "size       8388608 bytes, blocks of 4096" in said
    assert "unclean    0 of 2 regions" in said
    assert ran("replica", "scrub", folder) == 0
    assert "0 bad blocks" in capsys.readouterr().out


@pytest.mark.parametrize("size", ["0", "-1", "1000", "8X", "", "9999999T", "1e9"])
def test_an_impossible_size_is_refused_and_nothing_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], size: str
) -> None:
    folder = tmp_path / "replica"
    assert ran("replica", "create", str(folder), f"--size={size}") != 0
    assert "size" in capsys.readouterr().err
    assert not folder.exists() or not list(folder.iterdir())


def test_a_folder_that_is_used_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("keep me")
    assert ran("replica", "create", str(tmp_path), "--size", "8M") == 1
    assert "not empty" in capsys.readouterr().err
    assert (tmp_path / "mine").read_text() == "keep me"
    assert ran("replica", "show", str(tmp_path)) == 1
    assert "no replica here" in capsys.readouterr().err
    assert ran("replica", "show", str(tmp_path / "nowhere")) == 1
    assert "nowhere" in capsys.readouterr().err


def test_help_names_every_command_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    commands = ("replica", "volume", "local", "ask", "bridge", "nbd", "verify", "recover")
    assert ran("--help") == 0
    said = capsys.readouterr().out
    assert all(f"\n    {command} " in said for command in commands)
    assert ran("explode") == 2
    assert "invalid choice: 'explode'" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["replica", "volume"])
def test_a_process_of_a_volume_loads_no_web_server(command: str) -> None:
    """Half a dozen of them run per volume: what each loads for nothing costs memory and a second to start."""
    script = (
        "import sys; from blockengine.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print('aiohttp' in sys.modules or 'blockengine.local' in sys.modules)"
    )
    words = (sys.executable, "-c", script, command, "serve", "--help")
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.splitlines()[-1] == "False"
