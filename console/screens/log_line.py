"""One line of a log in full: whose it is, when, and its fields as a tree."""

from __future__ import annotations

from textual.widget import Widget

from backend.kube.logs import LONGEST_LINE
from backend.observe.logs.block import Entry, Level
from backend.observe.logs.fields import document_of
from backend.observe.logs.sources import Source
from backend.resources.document import to_yaml
from backend.text import SafeStr, safe_text
from console.screens.dialog import DialogScreen
from console.widgets.log_lines import full_time
from console.widgets.text_pane import TextPane


class LogLineScreen(DialogScreen[None]):
    decides = False
    broad = True
    AUTO_FOCUS = "LogLinePane"

    def __init__(self, entry: Entry, source: Source) -> None:
        super().__init__()
        self.title_text = str(source.label)
        self._entry = entry
        self._source = source

    def inside(self) -> list[Widget]:
        return [LogLinePane()]

    def on_mount(self) -> None:
        pane = self.query_one(LogLinePane)
        pane.wrapping = True
        pane.tell(line_text(self._entry, self._source))


class LogLinePane(TextPane):
    DEFAULT_CSS = "LogLinePane { height: 60vh; }"


def line_text(entry: Entry, source: Source) -> SafeStr:
    """What is known of a line: facts, its fields (JSON, logfmt) as YAML, its text as it is."""
    level = Level(entry.level)
    facts = {
        "cluster": source.cluster,
        "namespace": source.namespace,
        "pod": source.pod,
        "container": f"{source.name}" + ("" if source.role == "container" else f" ({source.role})"),
        "node": source.node,
        "time": full_time(entry.time),
        "level": level.name.lower() if level is not Level.NONE else "none is named",
    }
    parts = [f"{name + ':':12}{safe_text(value)}" for name, value in facts.items() if value]
    document = document_of(entry.text)
    if document:
        parts += ["", "Fields", *to_yaml(document).rstrip().split("\n")]
    text = safe_text(entry.text, limit=LONGEST_LINE, multiline=True)
    parts += ["", f"Text ({len(entry.text):,} bytes)", text]
    return safe_text("\n".join(parts), limit=4 * LONGEST_LINE, multiline=True)
