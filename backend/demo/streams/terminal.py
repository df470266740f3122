"""A terminal's line discipline: echo, erase, interrupt and end of input, for ``exec -it``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from backend.demo.streams.programs import Exit
from backend.demo.streams.shell import Shell

_INTERRUPT, _END, _ERASE, _KILL = 0x03, 0x04, (0x08, 0x7F), 0x15
_LONGEST = 4096


async def converse(
    shell: Shell, read: Callable[[], Awaitable[bytes]], write: Callable[[bytes], Awaitable[None]]
) -> int:
    """Prompt, read a line, run it, until ``exit`` or the end of input; the shell's exit code."""

    async def out(data: bytes) -> None:  # as a tty with onlcr
        await write(data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))

    line = bytearray()
    await write(_prompt(shell))
    while piece := await read():
        for byte in piece:
            if byte in (0x0D, 0x0A):
                await write(b"\r\n")
                try:
                    await shell.line(line.decode("utf-8", "replace"), out, out)
                except Exit as leaving:
                    return leaving.code
                line.clear()
                await write(_prompt(shell))
            elif byte == _END and not line:
                await write(b"\r\n")
                return shell.status
            elif byte == _INTERRUPT:
                line.clear()
                shell.status = 130
                await write(b"^C\r\n" + _prompt(shell))
            elif byte in _ERASE:
                if line:
                    line.pop()
                    await write(b"\b \b")
            elif byte == _KILL:
                await write(b"\b \b" * len(line))
                line.clear()
            elif byte >= 0x20 and len(line) < _LONGEST:
                line.append(byte)
                await write(bytes([byte]))
    return shell.status


def _prompt(shell: Shell) -> bytes:
    return f"{shell.folder} # ".encode()
