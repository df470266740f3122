"""Programs beside the console: bounded, safe, without what could unlock the vault, and never left behind."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from console.settings.schema import UserCommand
from console.user_commands.running import Output, capture, environment, kubeconfig_file
from console.user_commands.trust import NoProgram, look_at
from tests.alive import alive

PYTHON = Path(sys.executable)
DEADLINE = 30.0


async def run(code: str, *, env: dict[str, str] | None = None) -> tuple[int, Output]:
    output = Output()
    status = await capture(PYTHON, ["python", "-c", code], env=env or dict(os.environ), take=output.take)
    output.end()
    return status, output


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "not reached"
        await asyncio.sleep(0.02)


async def test_output_and_errors_come_in_order_with_the_exit_code() -> None:
    code = (
        "import sys; print('one', flush=True); print('two', file=sys.stderr, flush=True);"
        "print('three', end=''); sys.exit(3)"
    )
    status, output = await run(code)
    assert (status, output.text) == (3, "one\ntwo\nthree")


async def test_hostile_output_is_inert() -> None:
    _, output = await run(
        r"import sys; sys.stdout.buffer.write(b'\x1b]0;evil\x07\x1b[31mred\x1b[0m\x9b2J \xff\rx\n')"
    )
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in output.text)
    assert "red" in output.text


async def test_much_output_keeps_its_end_and_says_what_is_missing() -> None:
    output = Output(kept=1000)
    for number in range(1000):
        output.take(f"line {number}\n".encode())
    assert output.text.endswith("line 999")
    assert output.text.startswith(f"… {output.dropped:,} earlier lines")
    assert len(output.text) < 1200


async def test_a_line_without_end_does_not_grow_for_ever() -> None:
    output = Output()
    for _ in range(100):
        output.take(b"x" * 10_000)
    assert len(output.text) < 500_000


async def test_nothing_that_unlocks_the_vault_is_passed_on() -> None:
    told = {
        "PATH": "/bin",
        "HOME": "/h",
        "NAVARCH_HOME": "/n",
        "NAVARCH_PASSWORD_FILE": "/p",
        "NAVARCH_PASSWORD_COMMAND": "c",
        "NAVARCH_PASSWORD": "hunter2",
        "TEXTUAL_FPS": "15",
    }
    passed = environment(Path("/k"), colour=False, inherited=told)
    assert passed == {"PATH": "/bin", "HOME": "/h", "NAVARCH_HOME": "/n", "KUBECONFIG": "/k", "NO_COLOR": "1"}


async def test_it_has_no_terminal_and_no_input() -> None:
    code = "import os,sys; print(repr(sys.stdin.read())); print(os.getsid(0) == os.getpid())"
    _, output = await run(code)
    assert output.text == "''\nTrue"


async def test_cancelling_ends_it_and_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "pids"
    code = (
        "import os,subprocess,time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(mark)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "time.sleep(600)"
    )
    task = asyncio.create_task(run(code))
    await until(lambda: mark.exists() and len(mark.read_text().split()) == 2)
    pids = [int(word) for word in mark.read_text().split()]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not any(map(alive, pids)))


async def test_one_that_ignores_the_wish_to_end_is_ended(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import os,signal,time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"open({str(mark)!r}, 'w').write(str(os.getpid()) + ' ')\ntime.sleep(600)"
    )
    task = asyncio.create_task(run(code))
    await until(lambda: mark.exists() and mark.read_text().endswith(" "))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(mark.read_text()))


async def test_a_child_that_keeps_the_pipe_does_not_keep_us(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess\nchild = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        f"open({str(mark)!r}, 'w').write(str(child.pid))\nprint('done', flush=True)"
    )
    try:
        status, output = await asyncio.wait_for(run(code), DEADLINE)
        assert (status, output.text) == (0, "done")
    finally:
        os.kill(int(mark.read_text()), 9)


async def test_a_kubeconfig_is_the_owner_s_alone_and_goes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NAVARCH_HOME", str(tmp_path))
    with kubeconfig_file(b"x") as path:
        assert path is not None
        assert path.read_bytes() == b"x"
        assert path.stat().st_mode & 0o077 == 0
    assert not path.exists()


def program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


def test_a_yes_holds_for_one_command_and_one_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "a", "tool")
    program(tmp_path / "b", "tool")
    monkeypatch.setenv("PATH", str(tmp_path / "a"))
    command = UserCommand(run=("tool", "{name}"))
    first = look_at("t", command)
    assert first.path == tmp_path / "a" / "tool"
    others = [
        look_at("other", command),
        look_at("t", UserCommand(run=("tool", "{name}", "-v"))),
        look_at("t", UserCommand(run=("tool", "{name}"), changes=True)),
        look_at("t", UserCommand(run=("tool", "{name}"), where="terminal")),
    ]
    monkeypatch.setenv("PATH", f"{tmp_path / 'b'}:{tmp_path / 'a'}")
    others.append(look_at("t", command))
    assert first.fingerprint not in {other.fingerprint for other in others}
    monkeypatch.setenv("PATH", str(tmp_path / "a"))
    assert look_at("t", UserCommand(run=("tool", "{name}"), title="Another")).fingerprint == first.fingerprint


@pytest.mark.parametrize("run", ["no-such-program-anywhere", "./tool", "a/tool"])
def test_a_program_that_is_not_there_or_depends_on_the_folder(run: str) -> None:
    with pytest.raises(NoProgram):
        look_at("t", UserCommand(run=(run,)))
