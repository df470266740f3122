"""Export: where to, in which form by the name's ending, and never over a file unasked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Input

from backend.text import safe_text
from console.saving import Exists, NotSaved, save
from console.screens.ask_path import candidates
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

Maker = Callable[[], str | Awaitable[str]]


class ExportScreen(DialogScreen[None]):
    title_text = "Export what is shown"
    broad = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "complete", show=False, priority=True)
    ]

    def __init__(self, path: str, makers: Mapping[str, Maker], *, what: str) -> None:
        """``makers``: by a name's ending, ``.csv``."""
        super().__init__()
        self._path = path
        self._makers = makers
        self._what = what
        self._replace = ""
        """The path that may be replaced."""

    def inside(self) -> list[Widget]:
        endings = ", ".join(self._makers)
        words = f"Its ending says the form: {endings}. Tab completes, enter writes. Secrets stay masked."
        return [
            TextBlock([(Piece(self._what, Tone.STRONG),), (Piece(words, Tone.DIM),), ()]),
            Field(value=self._path),
        ]

    def action_complete(self) -> None:
        field = self.query_one(Field)
        found = candidates(field.value)
        if found:
            field.value = found
            field.cursor_position = len(found)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        text = event.value.strip()
        path = Path(text).expanduser()
        maker = self._makers.get(path.suffix.lower())
        if not text or path.is_dir():
            self.say("Type the path of a file, or press esc.")
        elif maker is None:
            self.say(f"End the name with one of {', '.join(self._makers)}.")
        else:
            self.write(path, maker, replace=self._replace == text)

    @work(exclusive=True, group="export", exit_on_error=False, thread=False)
    async def write(self, path: Path, maker: Maker, *, replace: bool) -> None:
        import asyncio

        made = maker()
        content = (made if isinstance(made, str) else await made).encode()
        try:
            await asyncio.to_thread(save, path, content, replace=replace)
        except Exists:
            self._replace = self.query_one(Field).value.strip()
            self.say("That file is there already. Enter again replaces it.", Tone.WARNING)
        except NotSaved as error:
            self.say(f"{error.sentence}. {error.advice}")
        else:
            app = self.navarch
            self.dismiss(None)
            app.say(f"Written: {safe_text(path)} ({len(content):,} bytes)", Tone.OK)
