"""The programs of a simulated container. Each is a coroutine that gets a Run and returns its exit code."""

from __future__ import annotations

import asyncio
import io
import posixpath
import tarfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend.demo.streams.shell import Shell

Program = Callable[["Run"], Awaitable[int]]
PROGRAMS: dict[str, Program] = {}


class Exit(Exception):
    """A shell's ``exit``."""

    def __init__(self, code: int) -> None:
        self.code = code


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a program."""

    shell: Shell
    argv: list[str]
    read: Callable[[], Awaitable[bytes]]
    """The next piece of standard input; empty at its end."""
    out: Callable[[bytes], Awaitable[None]]
    err: Callable[[bytes], Awaitable[None]]

    @property
    def names(self) -> list[str]:
        """Arguments that are no options."""
        return [word for word in self.argv[1:] if not word.startswith("-")]

    def path(self, name: str) -> str:
        return self.shell.machine.resolve(name, self.shell.folder)

    async def say(self, *lines: str) -> int:
        await self.out("".join(f"{line}\n" for line in lines).encode())
        return 0

    async def complain(self, text: str, code: int = 1) -> int:
        await self.err(f"{self.argv[0]}: {text}\n".encode())
        return code

    async def whole_input(self) -> bytes:
        """All of standard input, at most what a container may keep."""
        pieces = bytearray()
        while piece := await self.read():
            pieces += piece
            if len(pieces) > 64 * 1024 * 1024:
                break
        return bytes(pieces)


def program(*names: str) -> Callable[[Program], Program]:
    def register(call: Program) -> Program:
        PROGRAMS.update(dict.fromkeys(names, call))
        return call

    return register


@program("true", ":")
async def _true(run: Run) -> int:
    return 0


@program("false")
async def _false(run: Run) -> int:
    return 1


@program("echo")
async def _echo(run: Run) -> int:
    words = run.argv[1:]
    end = "" if words[:1] == ["-n"] else "\n"
    await run.out((" ".join(words[1:] if not end else words) + end).encode())
    return 0


@program("pwd")
async def _pwd(run: Run) -> int:
    return await run.say(run.shell.folder)


@program("hostname")
async def _hostname(run: Run) -> int:
    return await run.say(run.shell.machine.name)


@program("whoami")
async def _whoami(run: Run) -> int:
    return await run.say("root")


@program("id")
async def _id(run: Run) -> int:
    return await run.say("uid=0(root) gid=0(root) groups=0(root)")


@program("uname")
async def _uname(run: Run) -> int:
    whole = f"Linux {run.shell.machine.name} 6.1.0-demo #1 SMP x86_64 GNU/Linux"
    return await run.say(whole if "-a" in run.argv else "Linux")


@program("date")
async def _date(run: Run) -> int:
    return await run.say(time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime()))


@program("env", "printenv")
async def _env(run: Run) -> int:
    held = run.shell.environment
    if run.names:
        found = [held[name] for name in run.names if name in held]
        await run.say(*found)
        return 0 if len(found) == len(run.names) else 1
    return await run.say(*(f"{name}={value}" for name, value in held.items()))


@program("ps")
async def _ps(run: Run) -> int:
    main = " ".join(run.shell.machine.command) or run.shell.machine.image.rpartition("/")[2].partition(":")[0]
    return await run.say(
        "PID   USER     TIME  COMMAND",
        f"    1 root      0:00 {main}",
        f"   42 root      0:00 {' '.join(run.argv)}",
    )


@program("sleep")
async def _sleep(run: Run) -> int:
    try:
        await asyncio.sleep(float(run.names[0]) if run.names else 0)
    except ValueError:
        return await run.complain(f"invalid number '{run.names[0]}'")
    return 0


@program("ls")
async def _ls(run: Run) -> int:
    machine, code = run.shell.machine, 0
    for name in run.names or ["."]:
        path = run.path(name)
        if path in machine.files:
            await run.say(name)
        elif machine.is_folder(path):
            await run.say(*machine.entries(path))
        else:
            code = await run.complain(f"{name}: No such file or directory")
    return code


@program("cat")
async def _cat(run: Run) -> int:
    code = 0
    if not run.names:
        while piece := await run.read():
            await run.out(piece)
    for name in run.names:
        path = run.path(name)
        if path in run.shell.machine.files:
            await run.out(run.shell.machine.files[path])
        elif run.shell.machine.is_folder(path):
            code = await run.complain(f"{name}: Is a directory")
        else:
            code = await run.complain(f"can't open '{name}': No such file or directory")
    return code


@program("grep")
async def _grep(run: Run) -> int:
    if not run.names:
        return await run.complain("a pattern is missing", 2)
    wanted, *files = run.names
    texts = [run.shell.machine.files.get(run.path(name), b"") for name in files]
    data = b"".join(texts) if files else await run.whole_input()
    found = [line for line in data.decode("utf-8", "replace").splitlines() if wanted in line]
    await run.say(*found)
    return 0 if found else 1


@program("wc")
async def _wc(run: Run) -> int:
    names = run.names
    data = run.shell.machine.files.get(run.path(names[0]), b"") if names else await run.whole_input()
    counts = {"-l": data.count(b"\n"), "-w": len(data.split()), "-c": len(data)}
    asked = [str(counts[word]) for word in run.argv[1:] if word in counts]
    return await run.say(" ".join([*(asked or map(str, counts.values())), *names[:1]]))


@program("touch")
async def _touch(run: Run) -> int:
    for name in run.names:
        run.shell.machine.write(run.path(name), run.shell.machine.files.get(run.path(name), b""))
    return 0


@program("mkdir")
async def _mkdir(run: Run) -> int:
    run.shell.machine.folders |= {run.path(name) for name in run.names}
    return 0


@program("rm")
async def _rm(run: Run) -> int:
    machine, code = run.shell.machine, 0
    deep = any(word.startswith("-") and "r" in word for word in run.argv[1:])
    for name in run.names:
        path = run.path(name)
        gone = [file for file in machine.files if file == path or (deep and file.startswith(f"{path}/"))]
        if not gone and "-f" not in run.argv:
            code = await run.complain(f"can't remove '{name}': No such file or directory")
        for file in gone:
            del machine.files[file]
    return code


@program("test", "[")
async def _test(run: Run) -> int:
    machine = run.shell.machine
    holds: bool | None = None
    match [word for word in run.argv[1:] if word != "]"]:
        case ["-d" | "-f" | "-e" as wanted, name]:
            path = run.path(name)
            is_file, is_folder = path in machine.files, machine.is_folder(path)
            holds = {"-d": is_folder, "-f": is_file, "-e": is_file or is_folder}[wanted]
        case ["-n" | "-z" as wanted, word]:
            holds = bool(word) is (wanted == "-n")
        case [one, "=" | "==" | "-eq" | "!=" | "-ne" as wanted, other]:
            holds = (one == other) is (wanted in ("=", "==", "-eq"))
    if holds is None:
        return await run.complain("this test is not known here", 2)
    return 0 if holds else 1


@program("tar")
async def _tar(run: Run) -> int:
    """Create to, or extract from, a pipe: what kubectl cp runs."""
    words = run.argv[1:]
    options = words[0].lstrip("-") if words else ""
    folder = words[words.index("-C") + 1] if "-C" in words[:-1] else "."
    if "x" in options:
        return await _extract(run, folder)
    if "c" in options:
        at = words.index("-C") if "-C" in words else -1
        names = [word for place, word in enumerate(words[1:], 1) if word != "-" and place not in (at, at + 1)]
        return await _create(run, folder, names)
    return await run.complain("only c and x are known here", 2)


async def _extract(run: Run, folder: str) -> int:
    data = await run.whole_input()
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            for entry in archive:
                path = run.path(posixpath.join(folder, entry.name))
                if entry.isdir():
                    run.shell.machine.folders.add(path)
                elif (content := archive.extractfile(entry)) is not None:
                    run.shell.machine.write(path, content.read())
    except tarfile.TarError as error:
        return await run.complain(str(error), 2)
    return 0


async def _create(run: Run, folder: str, names: list[str]) -> int:
    buffer, code = io.BytesIO(), 0
    machine = run.shell.machine
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            path = run.path(posixpath.join(folder, name))
            found = [file for file in machine.files if file == path or file.startswith(f"{path}/")]
            if not found:
                code = await run.complain(f"{name}: No such file or directory")
            for file in found:
                entry = tarfile.TarInfo(file.lstrip("/"))
                entry.size = len(machine.files[file])
                archive.addfile(entry, io.BytesIO(machine.files[file]))
    await run.out(buffer.getvalue())
    return code
