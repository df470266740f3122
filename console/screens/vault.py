"""The vault: its ways in, its locks, its backups and whether it is whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textual import work
from textual.app import ComposeResult

from backend.resources.kind import Health
from backend.text import safe_text
from backend.vault import Vault, VaultError
from backend.vault.backup import back_up, backups
from backend.vault.check import check
from backend.vault.slots import Slot
from backend.vault.ways import opened_by
from console.actions import Scope
from console.keymap import bindings
from console.screens.dialog import DialogScreen
from console.screens.table_frame import TableScreen
from console.sessions.keeper import Keeper
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource
from console.widgets.text_block import TextBlock

_LOOK_AGAIN = 1.0
"""Seconds."""
_LONGEST_PATH = 60


class VaultScreen(TableScreen):
    BINDINGS = bindings(Scope.VAULT)
    about = (
        "Each row is one way into the vault. Adding or removing one asks for the passphrase again, however "
        "unlocked the vault is. Removing one changes the key of everything, so what was removed opens "
        "nothing written afterwards; backups made before still open with it."
    )

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[Slot, ...] | None = None

    def crumbs(self) -> tuple[object, ...]:
        return ("vault",)

    def compose(self) -> ComposeResult:
        top, subject, *rest = super().compose()
        yield top
        yield subject
        yield TextBlock(self._facts(), id="facts")
        yield from rest

    @property
    def keeper(self) -> Keeper:
        keeper = self.navarch.session.keeper
        assert keeper is not None
        return keeper

    @property
    def vault(self) -> Vault:
        vault = self.keeper.vault
        assert vault is not None
        return vault

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="SLOT", text=lambda s, _: s.name, priority=0, min_width=8),
                GridColumn(name="KIND", text=lambda s, _: s.kind, priority=0, min_width=10),
                GridColumn(name="LABEL", text=lambda s, _: s.label, priority=0, min_width=12),
                GridColumn(name="OPENS WITH", text=lambda s, _: opened_by(s), priority=1, min_width=16),
                GridColumn(name="CREATED", text=lambda s, _: _day(s.created), priority=2, min_width=10),
            ],
            key=lambda slot: slot.slot_id,
            health=lambda slot: Health.OK,
            sort="CREATED",
            sort_keys={"CREATED": lambda slot: slot.created},
        )

    def on_mount(self) -> None:
        super().on_mount()
        self._look()
        self.set_interval(_LOOK_AGAIN, self._look)

    def _look(self) -> None:
        """Slots as they are now, here or changed in another window; timers as they run."""
        if not self.keeper.is_open:
            return
        try:
            slots = self.vault.slots
        except VaultError:
            return  # the locks notice it, and say so
        if slots != self._shown:
            self._shown = slots
            source = self.table.source
            assert isinstance(source, ListSource)
            source.replace(list(slots))
            self.table.rows_changed()
            self.refresh_bindings()
        self.query_one("#facts", TextBlock).tell(self._facts())
        self.tell_subject()

    def tell_subject(self) -> None:
        if not self.keeper.is_open:
            return
        count, slots = self.vault.count(), len(self.vault.slots)
        self.subject.tell(
            [
                Piece("vault", Tone.STRONG),
                Piece(f"{count} entries" if count != 1 else "1 entry"),
                Piece(f"{slots} ways in" if slots != 1 else "1 way in"),
                Piece(f"change {self.vault.meta.generation}"),
            ]
        )

    def _facts(self) -> list[Line]:
        if not self.keeper.is_open:
            return [()]
        timers = self.keeper.timers
        kept = backups(self.vault.path)
        newest = f", the newest {_ago(kept[0].stat().st_mtime)}" if kept else "; b makes one"
        damage = self.vault.damage or self.vault.older
        return [
            (Piece("   file     ", Tone.DIM), Piece(_short(self.vault.path))),
            (
                Piece("   health   ", Tone.DIM),
                Piece(damage, Tone.FAILING) if damage else Piece("its seal holds; K looks closer", Tone.OK),
            ),
            (Piece("   backups  ", Tone.DIM), Piece(f"{len(kept)} kept{newest}")),
            (
                Piece("   locks    ", Tone.DIM),
                Piece(
                    f"screen {_left(timers.screen_left())}, vault {_left(timers.vault_left())}, "
                    f"commands ask again {_left(self.vault.remembered_seconds() or None, never='now')}"
                ),
            ),
        ]

    def open_row(self, row: Any) -> None:
        assert isinstance(row, Slot)
        self.app.push_screen(SlotScreen(row))

    # --- acts

    def action_add_slot(self) -> None:
        from console.screens.add_slot import AddSlotScreen

        self.app.push_screen(AddSlotScreen())

    def action_change_passphrase(self) -> None:
        from console.screens.change_passphrase import ChangePassphraseScreen

        self.app.push_screen(ChangePassphraseScreen())

    def action_remove_slot(self) -> None:
        from console.screens.remove_slot import RemoveSlotScreen

        slot = self.table.row
        if isinstance(slot, Slot):
            self.app.push_screen(RemoveSlotScreen(slot))

    @work(exclusive=True, group="act", exit_on_error=False)
    async def action_back_up(self) -> None:
        path = await self.navarch.attempt(lambda: asyncio.to_thread(back_up, self.vault))
        if path is not None:
            self.say(f"A copy is in {path}; it opens with the ways in of today.", Tone.OK)
            self._look()

    @work(exclusive=True, group="act", exit_on_error=False)
    async def action_check(self) -> None:
        findings = await self.navarch.attempt(lambda: asyncio.to_thread(check, self.vault))
        if findings is not None:
            lines = [
                (Piece("✔ " if f.ok else "✖ ", Tone.OK if f.ok else Tone.FAILING), Piece(f.what))
                for f in findings
            ]
            self.app.push_screen(TextScreen("The vault's check", lines))


class TextScreen(DialogScreen[None]):
    """Some lines to read."""

    decides = False
    broad = True

    def __init__(self, title: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self.title_text = title
        self._lines = lines

    def inside(self) -> list[Any]:
        return [TextBlock(self._lines)]


class SlotScreen(TextScreen):
    """One way in, in full."""

    def __init__(self, slot: Slot) -> None:
        facts = (
            ("slot", slot.name),
            ("kind", slot.kind),
            ("label", slot.label),
            ("opens with", opened_by(slot)),
            ("created", _day(slot.created)),
        )
        super().__init__(
            f"Way in {slot.name}", [(Piece(f"{name:<12}", Tone.DIM), Piece(value)) for name, value in facts]
        )


def _short(path: Path) -> str:
    """The end of a path tells more than its beginning."""
    text = str(path)
    home = str(Path.home())
    text = f"~{text[len(home) :]}" if text.startswith(f"{home}/") else text
    return text if len(text) <= _LONGEST_PATH else f"…{text[-_LONGEST_PATH:]}"


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.localtime(seconds))


def _ago(seconds: float) -> str:
    minutes = max(0, int(time.time() - seconds)) // 60
    if minutes < 1:
        return "just now"
    return f"{minutes} min ago" if minutes < 120 else safe_text(f"{minutes // 60} h ago")


def _left(seconds: float | None, *, never: str = "never") -> str:
    if seconds is None:
        return never
    minutes = max(0, int(seconds)) // 60
    return f"in {minutes} min" if minutes < 120 else f"in {minutes // 60} h"
