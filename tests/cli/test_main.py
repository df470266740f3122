from __future__ import annotations

import os
import subprocess
import sys

import pytest

from backend import __version__
from backend.kube.errors import Unreachable
from console.cli.commands import COMMANDS, load
from console.cli.exits import Exit
from console.cli.failures import INTERRUPTED, guarded
from console.cli.main import main


def navarch(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "console", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def printed_by(code: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    ).stdout


def test_version_imports_next_to_nothing() -> None:
    code = (
        "import sys; from console.cli.main import main; main(['--version']);"
        "print(*sorted(m for m in sys.modules if m.split('.')[0] in "
        "{'typer', 'textual', 'rich', 'asyncio', 'msgspec', 'cryptography', 'httpcore', 'aiohttp'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split("\n") == [f"navarch {__version__}", "", ""]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_listed_command_has_an_app_with_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert load(name) is not None
    assert main([name, "--help"]) == Exit.OK
    assert "Usage: navarch" in capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_no_command_line_imports_textual(name: str) -> None:
    code = (
        f"import sys; from console.cli.commands import load; load({name!r}); print('textual' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "False\n"


def test_an_unknown_command_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gett"]) == Exit.USAGE
    assert "gett" in capsys.readouterr().err


def test_root_options_belong_behind_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--read-only", "completion", "bash"]) == Exit.USAGE
    assert "put it after the command" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == Exit.OK
    assert "_NAVARCH_COMPLETE" in capsys.readouterr().out


def test_bash_completes_command_names() -> None:
    done = navarch(COMP_WORDS="navarch va", COMP_CWORD="1", _NAVARCH_COMPLETE="complete_bash")
    assert done.stdout.split() == ["vault"]


def raises(error: BaseException) -> int:
    def run() -> int:
        raise error

    return guarded(run)


def test_a_cluster_error_is_a_sentence_and_a_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert raises(Unreachable("prod-\x1b[31meu", "10.0.0.1 port 6443 refused the connection")) == Exit.FAILED
    shown = capsys.readouterr().err
    assert "refused the connection" in shown
    assert "Check the network" in shown
    assert "\x1b" not in shown


def test_an_unexpected_error_shows_no_values(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NAVARCH_DEBUG", raising=False)
    assert raises(ValueError("token canary-91")) == Exit.FAILED
    shown = capsys.readouterr().err
    assert "canary-91" not in shown
    assert "NAVARCH_DEBUG" in shown


def test_interrupt_ends_as_a_shell_expects() -> None:
    assert raises(KeyboardInterrupt()) == INTERRUPTED


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_stream_is_no_failure_and_words_never_become_data(closed: str) -> None:
    command = f'"{sys.executable}" -m console get pods --kubeconfig /nowhere {closed}'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == Exit.FAILED
    assert done.stdout == ""
    assert "unexpected" not in done.stderr
