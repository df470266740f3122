"""Lists with a pane at their right, on wide terminals: the object under the cursor explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.containers import Horizontal
from textual.widget import Widget

from backend.resources.describe.sheet import Sheet
from backend.resources.kind import Health
from backend.text import SafeStr, safe_text
from console import object_text
from console.screens.object_keys import ObjectKeys
from console.screens.table_frame import TableScreen
from console.theme import Tone
from console.views import ObjectRef
from console.widgets.side_pane import NARROWEST, SidePane
from console.widgets.table import ResourceTable

if TYPE_CHECKING:
    from backend.fleet.row import Row, TableColumn


class Beside(ObjectKeys, TableScreen):
    """Mixed into screens whose rows are the fleet's."""

    def compose_body(self) -> Widget:
        return Horizontal(self.body(), SidePane(self._describe), classes="beside")

    @property
    def side(self) -> SidePane:
        return self.query_one(SidePane)

    def shown_columns(self) -> tuple[TableColumn, ...]:
        """All columns of the rows, wide ones too."""
        raise NotImplementedError

    def on_mount(self) -> None:
        super().on_mount()
        self._make_room(self.size.width)

    def on_resize(self, event: events.Resize) -> None:
        self._make_room(event.size.width)

    def _make_room(self, width: int) -> None:
        wanted = self.navarch.settings.values.pane and width >= NARROWEST
        if wanted != self.side.display:
            self.side.display = wanted
            self.side.forget()
            self.look_beside()
            if not wanted and self.focused is self.side:
                self.table.focus()
            self.refresh_bindings()

    @on(ResourceTable.CursorMoved)
    def look_beside(self) -> None:
        """Let the pane follow: another row, or a change of this one."""
        row: Row | None = self.table.row
        if row is None or not self.side.display:
            self.side.follow(None)
        else:
            self.tell_beside(row)

    def tell_beside(self, row: Row) -> None:
        """Have the pane show what belongs to this row: its object."""
        self.side.follow(self.current, version=row.item.metadata.resource_version, known=self._told(row))

    def _told(self, row: Row) -> SafeStr:
        """What the row knows, before anything is read."""
        sheet = Sheet()
        for column in self.shown_columns():
            sheet.field(column.name.capitalize(), column.text(row, self.navarch.now()))
        if row.health is not Health.OK:
            sheet.field("Health", f"{row.health.value}{': ' if row.why else ''}{row.why}")
        return sheet.render()

    async def _describe(self, ref: ObjectRef) -> SafeStr:
        cluster = (await self.navarch.fleet()).cluster(ref.cluster_id)
        opened = await object_text.read(cluster, ref)
        text = object_text.describe_tab(opened, cluster=ref.cluster, now=self.navarch.now())
        use = self.use_told()
        return safe_text(f"{use}\n\n{text}", multiline=True, limit=1 << 20) if use else text

    def use_told(self) -> SafeStr:
        """What is said of the object's use before all else; empty: nothing."""
        return SafeStr("")

    # --- keys

    def action_pane(self) -> None:
        """Show or hide it, from now on."""
        wanted = not self.navarch.settings.values.pane
        trouble = self.navarch.settings.keep(("pane",), wanted)
        self._make_room(self.size.width)
        if trouble:
            self.say(trouble, Tone.WARNING)
        elif wanted and not self.side.display:
            self.say(f"It is shown on terminals of {NARROWEST} columns and more", Tone.WARNING)

    def action_other_side(self) -> None:
        """Between list and pane."""
        (self.table if self.focused is self.side else self.side).focus()
        self.refresh_bindings()

    def action_back(self) -> None:
        if self.focused is self.side:
            self.table.focus()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return self.focused is self.side or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "other_side":
            return self.is_mounted and self.side.display and not self.prompt.is_open
        return super().check_action(action, parameters)
