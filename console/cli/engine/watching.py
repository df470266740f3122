"""Volumes again and again; the headless twin of the Storage screen."""

from __future__ import annotations

import asyncio
import io
import shutil
import sys
import time
from contextlib import redirect_stdout

from backend.text import cells, safe_text
from console.cli.engine.asking import Form, engine, whole
from console.cli.engine.explaining import print_findings
from console.cli.exits import Exit
from console.cli.tables import moment, print_table

_HOME_AND_CLEAR = "\x1b[H\x1b[J"


async def watch(name: str, interval: float, form: Form) -> int:
    """Until the reader or the person ends it. An engine that goes away and comes back is waited for."""
    from backend.storage.failures import NoEngine

    live = sys.stdout.isatty() and form == Form.TABLE
    first = True
    while True:
        try:
            block = await _block(name, form)
        except NoEngine as error:
            if first:
                raise
            block = f"{error.sentence}; waiting for it\n"
        first = False
        sys.stdout.write(f"{_HOME_AND_CLEAR}{_fitting(block)}" if live else block)
        sys.stdout.flush()
        await asyncio.sleep(interval)
    return Exit.OK


def _fitting(block: str) -> str:
    """What the terminal has room for: a line that wraps, or one too many, would make it scroll."""
    columns, rows = shutil.get_terminal_size()
    lines = block.rstrip("\n").split("\n")
    shown = lines if len(lines) < rows else [*lines[: rows - 2], f"… {len(lines) - rows + 2} more lines"]
    return "\n".join(_cut(line, columns) for line in shown) + "\n"


def _cut(line: str, columns: int) -> str:
    if cells(line) <= columns:
        return line
    while cells(line) >= columns:
        line = line[:-1]
    return f"{line}…"


async def _block(name: str, form: Form) -> str:
    from backend.storage.words import signed
    from console.cli.engine.volume import TITLES, row

    found = await engine().inventory()
    volumes = [volume for volume in found.volumes if name in ("", volume.name, volume.id)]
    abouts = {volume.name for volume in volumes}
    findings = [one for one in found.findings if not name or one.about in abouts]
    out = io.StringIO()
    with redirect_stdout(out):
        if form != Form.TABLE:
            whole({"time": moment(time.time()), "volumes": volumes, "findings": findings}, form)
        else:
            print(safe_text(f"{moment(time.time())}  engine {signed(found.engine.health)}"))
            print_table(TITLES, [row(volume) for volume in volumes])
            if findings:
                print()
                print_findings(findings)
    return out.getvalue()
