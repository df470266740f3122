"""Every setting: what it is, what it is by default, what it does; changed in place."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import work

from backend.resources.kind import Health
from console.actions import ACTIONS, Scope
from console.keymap import bindings
from console.screens.error import full_sentence
from console.screens.table_frame import TableScreen
from console.settings import Settings, SettingsRefused
from console.settings.fields import Path, written
from console.settings.told import told, toml, value_at
from console.theme import Tone
from console.widgets.paint import Piece
from console.widgets.table_source import GridColumn, ListSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRow:
    place: int
    path: Path
    key: str
    value: Any
    default: Any
    says: str
    given: bool = False
    wrong: bool = False
    """A part of the file that is not used; ``says`` is why."""


class SettingsScreen(TableScreen):
    about = (
        "Every setting of the console, from settings.toml; those of your own are bright. Enter changes "
        "one, at once and in the file, whose comments stay. Lines of the file that are not used come "
        "first, with why."
    )
    BINDINGS = bindings(Scope.SETTINGS)

    def __init__(self) -> None:
        super().__init__()
        self._letters = ""

    def crumbs(self) -> tuple[object, ...]:
        return ("settings",)

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(name="SETTING", text=lambda r, _: r.key, priority=0, min_width=20, pinned=True),
                GridColumn(
                    name="VALUE",
                    text=lambda r, _: "not used" if r.wrong else toml(r.value),
                    priority=0,
                    min_width=14,
                    tone=lambda r: Tone.WARNING if r.wrong else Tone.KEY if r.given else Tone.TEXT,
                ),
                GridColumn(name="DEFAULT", text=lambda r, _: toml(r.default), priority=3, min_width=10),
                GridColumn(name="DOES", text=lambda r, _: r.says, priority=1, min_width=24),
            ],
            key=lambda row: (row.wrong, row.path, row.place if row.wrong else 0),
            health=lambda row: Health.WARNING if row.wrong else None,
            sort="SETTING",
            sort_keys={"SETTING": lambda row: row.place},
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.load()

    def load(self) -> None:
        """Show the settings as they are now."""
        source = self.table.source
        assert isinstance(source, ListSource)
        letters = self._letters.casefold()
        everything = rows(self.navarch.settings)
        source.replace([r for r in everything if letters in f"{r.key} {toml(r.value)} {r.says}".casefold()])
        self.table.messages = [(Piece(f"No setting has to do with {self._letters!r}.", Tone.STRONG),)]
        self.table.rows_changed()
        self.tell_subject()

    def tell_subject(self) -> None:
        settings = self.navarch.settings
        facts = [Piece("settings", Tone.STRONG), Piece(settings.path or "in memory")]
        wrong = len(settings.problems)
        if wrong:
            facts.append(Piece(f"{wrong} {'line is' if wrong == 1 else 'lines are'} not used", Tone.WARNING))
        self.subject.tell(facts, [f"/{self._letters}"] if self._letters else [])

    # --- changing

    def open_row(self, row: Any) -> None:
        assert isinstance(row, SettingRow)
        if row.wrong:
            self.say("Mend it in the file (e), or take it out (x)")
        elif isinstance(row.value, bool):
            self.put(row.path, not row.value)
        elif row.path == ("theme",):
            from console.screens.theme import ThemeScreen

            self.app.push_screen(ThemeScreen(), lambda _: self.load())
        else:
            from console.screens.edit_setting import EditSettingScreen

            self.app.push_screen(EditSettingScreen(row.path, row.value, row.default, row.says), self._edited)

    def _edited(self, changed: bool | None) -> None:
        if changed:
            self._take_over()

    def put(self, path: Path, value: Any) -> None:
        try:
            self.navarch.settings.set(path, value)
        except SettingsRefused as error:
            self.say(full_sentence(error), Tone.ERROR)
            return
        self._take_over()
        self.say(f"{written(path)} = {toml(value)}", Tone.OK)

    def _take_over(self) -> None:
        self.navarch.apply_settings()
        self.load()

    def action_unset(self) -> None:
        row = self.table.row
        assert isinstance(row, SettingRow)
        try:
            changed = self.navarch.settings.unset(row.path)
        except SettingsRefused as error:
            self.say(full_sentence(error), Tone.ERROR)
            return
        if changed:
            self._take_over()
            self.say(f"{row.key} is as usual again", Tone.OK)

    @work(exclusive=True, group="editor", exit_on_error=False)
    async def action_edit_file(self) -> None:
        """The editor gets the terminal; what it left behind is checked when it is back."""
        if await self.navarch.attempt(self._edit_file):
            self.navarch.action_reload_settings_now()
            self.load()

    async def _edit_file(self) -> bool:
        from console.settings.editing import editor, prepared
        from console.terminal.lending import lend_terminal

        path = self.navarch.settings.path
        assert path is not None
        command = [*editor(), str(prepared(path))]
        async with lend_terminal(self.app):
            try:
                child = await asyncio.create_subprocess_exec(*command)
            except OSError as error:
                raise SettingsRefused(
                    f"{command[0]} can't be run: {error.strerror}", "Name another editor in VISUAL or EDITOR."
                ) from None
            await child.wait()
        return True

    # --- finding

    def action_find(self) -> None:
        self.prompt.ask("find", "/", text=self._letters)

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "find":
            self._letters = text.strip()
            self.load()

    def prompt_cancelled(self, kind: str) -> None:
        self.prompt_changed(kind, "")

    def action_back(self) -> None:
        if self._letters:
            self.prompt_changed("find", "")
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._letters) or super().can_go_back()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        if action == "unset":
            row = self.table.row
            return isinstance(row, SettingRow) and (row.given or row.wrong) and bool(row.path)
        if action == "edit_file":
            return self.navarch.settings.path is not None
        return super().check_action(action, parameters)


def rows(settings: Settings) -> Sequence[SettingRow]:
    """What is wrong first; then the settings; then every action's keys."""
    made: list[SettingRow] = []

    def add(path: Path, **facts: Any) -> None:
        made.append(SettingRow(place=len(made), path=path, **facts))

    for problem in settings.problems:
        place = f"line {problem.line}" if problem.line else "the file"
        key = written(problem.path) or place
        add(problem.path, key=key, value=None, default=None, says=f"{place}: {problem.reason}", wrong=True)
    for one in told(settings):
        if one.path[0] != "keys":
            add(
                one.path,
                key=one.key,
                value=one.value,
                default=one.default,
                says=one.description,
                given=one.given,
            )
    for action in ACTIONS.values():
        path = ("keys", action.id)
        add(
            path,
            key=written(path),
            value=value_at(settings, path),
            default=action.keys,
            says=f"{action.scope.value}: {action.told}",
            given=action.id in settings.values.keys,
        )
    return made
