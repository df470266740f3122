from __future__ import annotations

import pytest

from backend.demo.streams.machine import Machine
from backend.demo.streams.programs import Exit
from backend.demo.streams.shell import Shell
from backend.demo.streams.terminal import converse

POD = {
    "metadata": {"name": "web-1", "namespace": "pay"},
    "spec": {"containers": []},
    "status": {"podIP": "10.1.2.3"},
}
CONTAINER = {"name": "web", "image": "nginx:1", "env": [{"name": "MODE", "value": "fast"}]}


class Session:
    def __init__(self, given: bytes = b"") -> None:
        self.said = bytearray()
        self.complained = bytearray()
        self.shell = Shell(Machine(POD, CONTAINER), self._read)
        self._given = [given] if given else []

    async def _read(self) -> bytes:
        return self._given.pop(0) if self._given else b""

    async def out(self, data: bytes) -> None:
        self.said += data

    async def err(self, data: bytes) -> None:
        self.complained += data

    async def run(self, *argv: str) -> int:
        return await self.shell.execute(list(argv), self.out, self.err)


@pytest.mark.parametrize(
    ("line", "said", "code"),
    [
        ("echo a b", "a b\n", 0),
        ("echo 'a  b'", "a  b\n", 0),
        ("echo $MODE ${MODE}x", "fast fastx\n", 0),
        ("echo '$MODE'", "$MODE\n", 0),
        ('echo "$MODE; x"', "fast; x\n", 0),
        ("false; echo $?", "1\n", 0),
        ("false && echo no; echo end", "end\n", 0),
        ("false || echo yes", "yes\n", 0),
        ("true && false", "", 1),
        ("echo one > /tmp/f; echo two >> /tmp/f; cat /tmp/f | wc -l", "2\n", 0),
        ("cd /tmp && pwd", "/tmp\n", 0),
        ("cd /tmp; echo x > f; cat /tmp/f", "x\n", 0),
        ("cat ../../etc/hostname", "web-1\n", 0),
        ("X=1; echo $X", "1\n", 0),
        ("[ -f /etc/hosts ] && echo there", "there\n", 0),
    ],
)
async def test_lines(line: str, said: str, code: int) -> None:
    session = Session()
    assert (await session.run("sh", "-c", line), session.said.decode()) == (code, said)


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["nonsense"], 127, "not found"),
        (["cat", "/none"], 1, "No such file"),
        (["sh", "-c", "echo 'open"], 2, "syntax error"),
        (["cat", "/etc"], 1, "Is a directory"),
    ],
)
async def test_mistakes_have_a_code_and_words(argv: list[str], code: int, words: str) -> None:
    session = Session()
    assert await session.run(*argv) == code
    assert words in session.complained.decode()


async def test_exit_ends_with_its_code() -> None:
    with pytest.raises(Exit) as leaving:
        await Session().run("sh", "-c", "exit 3")
    assert leaving.value.code == 3
    assert await Session(b"echo hi\nexit 4\necho never\n").run("sh") == 4


async def test_a_full_container_says_so_and_keeps_what_it_had() -> None:
    session = Session(b"x" * (17 * 1024 * 1024))
    session.shell.machine.write("/tmp/f", b"kept")
    assert await session.run("sh", "-c", "cat > /tmp/f") == 1
    assert b"No space left" in session.complained
    assert session.shell.machine.files["/tmp/f"] == b"kept"


async def test_a_terminal_echoes_erases_interrupts_and_ends() -> None:
    session = Session(b"echo hix\x7f\rsle\x03pwd\r\x04")
    assert await converse(session.shell, session._read, session.out) == 0
    assert session.said.decode() == ("/ # echo hix\b \b\r\nhi\r\n/ # sle^C\r\n/ # pwd\r\n/\r\n/ # \r\n")
