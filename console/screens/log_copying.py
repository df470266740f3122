"""What of a log line can be copied."""

from __future__ import annotations

from backend.observe.logs.block import Entry
from backend.observe.logs.fields import fields_of
from backend.observe.logs.sources import Source
from backend.text import safe_text
from console.copying import Copyable
from console.widgets.log_lines import full_time

_LONGEST = 64 * 1024
_FIELDS = 30


def copyables(entry: Entry, source: Source) -> list[Copyable]:
    """The text, the line with its time and source, and its fields; made safe as on the screen."""
    text = safe_text(entry.text, limit=_LONGEST, multiline=True)
    found = [
        Copyable("text", text),
        Copyable("whole line", safe_text(f"{full_time(entry.time)} {source.label} {text}", limit=_LONGEST)),
        Copyable("time", safe_text(full_time(entry.time))),
        Copyable("pod", safe_text(source.pod)),
        Copyable("kubectl command", safe_text(_kubectl(source))),
    ]
    fields = list(fields_of(entry.text).items())[:_FIELDS]
    return found + [
        Copyable(f"field {safe_text(name)}", safe_text(value, limit=_LONGEST))
        for name, value in fields
        if value
    ]


def _kubectl(source: Source) -> str:
    import shlex

    words = ["kubectl", "--context", str(source.cluster), "-n", source.namespace]
    return shlex.join([*words, "logs", source.pod, "-c", source.name])
