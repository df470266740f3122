"""From the lines of the Logs screen to a file."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from backend.kube.logs import LONGEST_LINE
from backend.observe.logs.block import Entry, Level
from backend.observe.logs.desk import LogDesk
from backend.observe.logs.sources import Source
from backend.text import safe_text
from console.screens.export import ExportScreen
from console.widgets.log_lines import full_time

if TYPE_CHECKING:
    from console.screens.logs import LogsScreen

_STEP = 2000


def start_saving(screen: LogsScreen, desk: LogDesk) -> None:
    """Ask where to; the lines are those of the moment of the answer."""
    moment = time.strftime("%Y%m%d-%H%M%S", time.localtime(screen.navarch.now()))
    shown = len(desk.shown)
    makers = {
        ".log": lambda: asyncio.to_thread(saved, desk, text_line),
        ".jsonl": lambda: asyncio.to_thread(saved, desk, json_line),
    }
    what = f"{shown:,} lines, with times and sources, as they are shown now"
    screen.app.push_screen(ExportScreen(f"~/logs-{moment}.log", makers, what=what))


def saved(desk: LogDesk, form: Callable[[Entry, Source], str]) -> str:
    """All shown lines; in a thread."""
    shown, sources = desk.shown, desk.follower.sources
    parts: list[str] = []
    count = len(shown)
    for start in range(0, count, _STEP):
        for number in shown.numbers(start, min(count, start + _STEP)):
            parts += [form(entry, sources[entry.source]) for entry in desk.spool.read(number, number + 1)]
    return "".join(parts)


def text_line(entry: Entry, source: Source) -> str:
    text = safe_text(entry.text, limit=LONGEST_LINE, multiline=True)
    words = f"--- {text} ---" if entry.level >= Level.SEAM else text
    return f"{full_time(entry.time)} {source.label}  {words}\n"


def json_line(entry: Entry, source: Source) -> str:
    own = entry.level >= Level.SEAM
    told = {
        "cluster": str(source.cluster),
        "namespace": source.namespace,
        "pod": source.pod,
        "container": source.name,
        "node": source.node,
        "time": full_time(entry.time),
        "level": "" if own or not entry.level else Level(entry.level).name.lower(),
        "note" if own else "text": entry.text.decode("utf-8", "replace"),
    }
    return json.dumps(told) + "\n"
