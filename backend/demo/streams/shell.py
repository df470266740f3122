"""A small shell: enough to look around in a simulated container, and for ``kubectl cp``.

Sequences (``;``, ``&&``, ``||``), pipes, ``>`` and ``>>``, variables and quotes work; loops do not.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from backend.demo.streams.machine import Full, Machine
from backend.demo.streams.programs import PROGRAMS, Exit, Run

Write = Callable[[bytes], Awaitable[None]]
_OPERATORS = (";", "&&", "||", "|", ">", ">>", "<", "&")
_VARIABLE = re.compile(r"\$(\w+|\{\w+\}|\?)")
NOT_FOUND, CANNOT = 127, 2


@dataclass(slots=True)
class Shell:
    """One shell session, or one exec'ed program: where it is, and how the last command ended."""

    machine: Machine
    read: Callable[[], Awaitable[bytes]]
    """The next piece of standard input; empty at its end."""
    folder: str = "/"
    status: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = dict(self.machine.environment)

    async def execute(self, argv: list[str], out: Write, err: Write) -> int:
        """Run one program with the session's own input and output; its exit code."""
        run = Run(self, argv, read=self.read, out=out, err=err)
        name = argv[0].rpartition("/")[2] if argv else ""
        if name in ("sh", "bash", "ash"):
            return await self._shell(argv, out, err)
        program = PROGRAMS.get(name)
        if program is None:
            await err(f"sh: {argv[0] if argv else ''}: not found\n".encode())
            return NOT_FOUND
        try:
            return await program(run)
        except Full as error:
            await err(f"{name}: {error}\n".encode())
            return 1

    async def _shell(self, argv: list[str], out: Write, err: Write) -> int:
        words = [word for word in argv[1:] if word not in ("-l", "-i")]
        if words[:1] == ["-c"] and len(words) > 1:
            return await self.line(words[1], out, err)
        async for line in _lines(self.read):
            try:
                await self.line(line, out, err)
            except Exit as leaving:
                return leaving.code
        return self.status

    async def line(self, text: str, out: Write, err: Write) -> int:
        """Run one line; sets and returns the status. Raises Exit for ``exit``."""
        try:
            words = _words(text)
        except ValueError as error:
            await err(f"sh: syntax error: {error}\n".encode())
            self.status = CANNOT
            return self.status
        for operator, pipeline in _pipelines(words):
            if (operator == "&&" and self.status) or (operator == "||" and not self.status):
                continue
            self.status = await self._pipeline(pipeline, out, err)
        return self.status

    async def _pipeline(self, commands: list[list[str]], out: Write, err: Write) -> int:
        read = self.read
        status = 0
        for at, words in enumerate(commands):
            last = at == len(commands) - 1
            argv, target, append = _redirected([self._expanded(word) for word in words])
            collected = bytearray()
            sink = out if last and not target else _into(collected)
            outer, self.read = self.read, read
            try:
                status = await self._command(argv, sink, err)
            finally:
                self.read = outer
            if target:
                path = self.machine.resolve(target, self.folder)
                old = self.machine.files.get(path, b"") if append else b""
                try:
                    self.machine.write(path, old + bytes(collected))
                except Full as error:
                    await err(f"sh: {target}: {error}\n".encode())
                    status = 1
                collected.clear()
            read = _from(bytes(collected))
        return status

    async def _command(self, argv: list[str], out: Write, err: Write) -> int:
        while argv and re.fullmatch(r"\w+=.*", argv[0], re.DOTALL):
            name, _, value = argv.pop(0).partition("=")
            self.environment[name] = value
        match argv:
            case []:
                return 0
            case ["exit", *rest]:
                raise Exit(int(rest[0]) & 255 if rest and rest[0].isdigit() else self.status)
            case ["cd", *rest]:
                path = self.machine.resolve(rest[0] if rest else self.environment["HOME"], self.folder)
                if not self.machine.is_folder(path):
                    await err(f"sh: cd: can't cd to {rest[0]}\n".encode())
                    return CANNOT
                self.folder = path
                return 0
            case ["export", *rest]:
                self.environment |= dict(word.split("=", 1) for word in rest if "=" in word)
                return 0
        return await self.execute(argv, out, err)

    def _expanded(self, word: str) -> str:
        if word.startswith("'"):
            return word[1:]

        def value(found: re.Match[str]) -> str:
            name = found[1].strip("{}")
            return str(self.status) if name == "?" else self.environment.get(name, "")

        return _VARIABLE.sub(value, word)


def _words(text: str) -> list[str]:
    """Words and operators; a word that was in single quotes begins with one, as variables stay in it.

    :raises ValueError: an open quote.
    """
    lexer = shlex.shlex(text, posix=False, punctuation_chars=";&|<>")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = []
    for token in lexer:
        if token in _OPERATORS:
            words.append(token)
        elif token.startswith("'") and token.endswith("'") and len(token) > 1:
            words.append("'" + token[1:-1])
        else:
            words.append("".join(shlex.split(token)) if token else token)
    return words


def _pipelines(words: list[str]) -> Iterator[tuple[str, list[list[str]]]]:
    """(operator before, commands of one pipe)."""
    operator = ";"
    commands: list[list[str]] = [[]]
    for word in words:
        if word in (";", "&&", "||", "&"):
            if any(commands):
                yield operator, commands
            operator, commands = word, [[]]
        elif word == "|":
            commands.append([])
        else:
            commands[-1].append(word)
    if any(commands):
        yield operator, commands


def _redirected(words: list[str]) -> tuple[list[str], str, bool]:
    """The command without ``> file``, the file, and whether to append."""
    for at, word in enumerate(words):
        if word in (">", ">>") and at + 1 < len(words):
            return [*words[:at], *words[at + 2 :]], words[at + 1], word == ">>"
    return words, "", False


def _into(collected: bytearray) -> Write:
    async def write(data: bytes) -> None:
        collected.extend(data)

    return write


def _from(data: bytes) -> Callable[[], Awaitable[bytes]]:
    rest = [data]

    async def read() -> bytes:
        return rest.pop() if rest else b""

    return read


async def _lines(read: Callable[[], Awaitable[bytes]]) -> AsyncIterator[str]:
    rest = b""
    while piece := await read():
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")
