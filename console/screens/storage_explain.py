"""One row of storage explained: what it is, what is wrong and what to do next, what happened."""

from __future__ import annotations

import time
from collections.abc import Sequence

from textual import work
from textual.widget import Widget

from backend.storage import words
from backend.storage.failures import StorageFailure
from backend.storage.model import Event, Finding, Inventory, Job, Pool, Replica, Snapshot, Volume
from backend.storage.system import StorageSystem
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.storage_rows import StorageRow
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock

_EVENTS = 8
_TONES = {"failing": Tone.FAILING, "warning": Tone.WARNING, "info": Tone.TEXT}


class StorageExplainScreen(DialogScreen[None]):
    decides = False
    title_text = "Storage"
    broad = True

    def __init__(self, system: StorageSystem, row: StorageRow, found: Inventory) -> None:
        super().__init__()
        self._system, self._row, self._inventory = system, row, found

    def inside(self) -> list[Widget]:
        return [TextBlock(self._lines(self._known(), ()), id="explained")]

    def on_mount(self) -> None:
        self.ask()

    @work(exclusive=True, exit_on_error=False)
    async def ask(self) -> None:
        """The engine's own words, asked anew."""
        name = self._row.volume.name if self._row.volume is not None else self._row.name
        try:
            events = await self._system.events(about=name)
            volume = self._row.volume
            findings = await self._system.explain(volume.id) if volume is not None else self._known()
        except StorageFailure as error:
            self.say(error.sentence, Tone.FAILING)
            return
        self.query_one("#explained", TextBlock).tell(self._lines(findings, events))

    def _known(self) -> list[Finding]:
        """What was said of it when the row was opened."""
        name = self._row.volume.name if self._row.volume is not None else self._row.name
        return [one for one in self._inventory.findings if one.about == name]

    def _lines(self, findings: Sequence[Finding], events: Sequence[Event]) -> list[Line]:
        lines: list[Line] = [
            (Piece(f"{name:12}", Tone.ACCENT), Piece(safe_text(value)))
            for name, value in facts(self._row.about)
        ]
        lines.append(())
        if not findings and isinstance(self._row.about, Volume | Pool | Replica):
            lines.append((Piece("Everything is as it should be.", Tone.OK),))
        for one in findings:
            sign = words.SIGNS.get(one.severity, "✖")
            lines.append((Piece(safe_text(f"{sign} {one.what}"), _TONES.get(one.severity, Tone.TEXT)),))
            lines.append((Piece("  why   ", Tone.DIM), Piece(safe_text(one.why))))
            lines.append((Piece("  next  ", Tone.DIM), Piece(safe_text(one.next), Tone.STRONG)))
        if events:
            lines += [(), (Piece("What happened", Tone.ACCENT),)]
            for event in events[-_EVENTS:]:
                moment = time.strftime("%m-%d %H:%M:%S", time.localtime(event.time))
                tone = _TONES.get(event.severity, Tone.TEXT)
                lines.append((Piece(f"{moment}  ", Tone.DIM), Piece(safe_text(event.text), tone)))
        return lines


def facts(about: Volume | Pool | Replica | Snapshot | Job) -> list[tuple[str, object]]:
    """What is known of it, most telling first; empty values are left out."""
    if isinstance(about, Volume):
        found = _volume(about)
    elif isinstance(about, Pool):
        found = [
            ("pool", about.name),
            ("state", about.state),
            ("path", about.path),
            ("room", f"{words.size(about.free)} free of {words.size(about.total)}"),
            (
                "replicas",
                f"{about.replicas}, {words.size(about.used)}, may grow to {words.size(about.committed)}",
            ),
        ]
    elif isinstance(about, Snapshot):
        found = [
            ("snapshot", about.name),
            ("taken", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about.created))),
            ("size", words.size(about.size)),
            ("holds", words.size(about.held) if about.held >= 0 else "unknown"),
            ("served as", f"export {about.export}"),
            ("open by", f"{about.attached} clients" if about.attached else ""),
        ]
    elif isinstance(about, Job):
        found = [
            ("job", f"{about.id}: {words.job_name(about)}"),
            ("state", about.state),
            ("began", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about.started))),
            ("ended", time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(about.ended)) if about.ended else ""),
            ("done", words.done(about)),
            ("rate", f"{words.size(about.rate)}/s" if about.rate else ""),
            ("left", words.seconds(about.eta) if about.eta else ""),
            ("words", about.error or about.text),
        ]
    else:
        process = about.process
        found = [
            (about.kind, about.id),
            ("role", about.role),
            ("pool", about.pool),
            ("path", about.path),
            ("used", words.size(about.used)),
            ("process", f"{process.state} {process.pid or ''}, restarted {process.restarts} times"),
            ("trouble", about.trouble),
        ]
    return [(name, value) for name, value in found if value != ""]


def _volume(volume: Volume) -> list[tuple[str, object]]:
    controller = volume.controller
    return [
        ("volume", f"{volume.name} ({volume.id})"),
        ("health", f"{volume.health}: {volume.state}"),
        ("size", f"{words.size(volume.size)}, blocks of {volume.block_size}"),
        ("in sync", words.replicas(volume)),
        ("device", "" if volume.attachment is None else f"{words.device(volume)} by {volume.attachment.by}"),
        *(
            (f"@{one.snapshot}", f"{words.place(one)} by {one.by}, read-only")
            for one in volume.attached_snapshots
        ),
        ("served at", volume.address),
        ("controller", f"{controller.state} {controller.pid or ''}, restarted {controller.restarts} times"),
        ("now", words.flow(volume.rates) or "idle"),
        ("work", "; ".join(words.progress(work) for work in volume.work)),
    ]
