"""One setting to be changed: what it is, what it may be, and why something may not be."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from console.screens.dialog import DialogScreen
from console.settings import SettingsRefused
from console.settings.fields import Path, field_at, written
from console.settings.told import parsed, toml
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Line, Piece
from console.widgets.text_block import TextBlock


class EditSettingScreen(DialogScreen[bool]):
    """Answers whether it was changed; a value that makes no sense stays in the field, with why."""

    broad = True
    AUTO_FOCUS = "Field"

    def __init__(self, path: Path, value: Any, default: Any, says: str) -> None:
        super().__init__()
        self.title_text = written(path)
        self._path, self._value, self._default, self._says = path, value, default, says

    def inside(self) -> list[Widget]:
        text = self._value if isinstance(self._value, str) else toml(self._value)
        return [TextBlock(self._lines()), Field(value=text)]

    def _lines(self) -> list[Line]:
        field = field_at(self._path)
        wanted = field.wanted if field is not None else ""
        lines: list[Line] = [(Piece(self._says),), ()]
        if wanted:
            lines.append((Piece("takes    ", Tone.DIM), Piece(wanted)))
        lines += [(Piece("default  ", Tone.DIM), Piece(toml(self._default) or "nothing")), ()]
        return lines

    def action_accept(self) -> None:
        self._set(self.query_one(Field).value.strip())

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self._set(event.value.strip())

    def _set(self, text: str) -> None:
        settings = self.navarch.settings
        try:
            value = parsed(self._path, text)
            if value == self._default:
                settings.unset(self._path)
            else:
                settings.set(self._path, value)
        except SettingsRefused as error:
            self.say(error.sentence)
            return
        self.dismiss(True)
