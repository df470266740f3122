"""What to copy: a name, a command, a cell, the row, the YAML, what is marked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import on, work
from textual.widget import Widget

from backend.text import SafeStr, safe_text
from console.copying import Copyable
from console.screens.dialog import DialogScreen
from console.terminal.clipboard import LONGEST, fits
from console.theme import Tone
from console.widgets.choices import Choice, ChoiceList
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

_YAML = "yaml"


class CopyScreen(DialogScreen[None]):
    """Each line shows what would be copied; ``yaml`` reads the object when it is chosen."""

    title_text = "Copy"
    broad = True
    AUTO_FOCUS = "ChoiceList"

    def __init__(
        self, offered: Sequence[Copyable], *, yaml: Callable[[], Awaitable[SafeStr]] | None = None
    ) -> None:
        """``yaml`` reads the object, where there is one."""
        super().__init__()
        self._offered = offered
        self._yaml = yaml

    def inside(self) -> list[Widget]:
        choices = [_choice(place, each) for place, each in enumerate(self._offered)]
        # The object as a whole stands before its single cells.
        at = next((i for i, each in enumerate(self._offered) if each.label.startswith("cell ")), len(choices))
        words = "read when chosen; secret values masked"
        if self._yaml is not None:
            choices.insert(at, Choice(key=_YAML, text=(Piece(f"{'YAML':20}"), Piece(words, Tone.DIM))))
        note = f"Your terminal must allow it (OSC 52); at most {LONGEST:,} bytes."
        return [TextBlock([(Piece(note, Tone.DIM),), ()]), ChoiceList(choices)]

    @on(ChoiceList.Chosen)
    def _chosen(self, event: ChoiceList.Chosen) -> None:
        if event.choice.key == _YAML:
            self.copy_yaml()
            return
        self.dismiss(None)
        self.navarch.copy_to_clipboard(self._offered[int(str(event.choice.key))].text)

    @work(exclusive=True, group="copy", exit_on_error=False)
    async def copy_yaml(self) -> None:
        self.say("Reading…", Tone.PROGRESSING)
        app = self.navarch
        assert self._yaml is not None
        text = await app.attempt(self._yaml)
        self.dismiss(None)
        if text is not None:
            app.copy_to_clipboard(text)


def _choice(place: int, each: Copyable) -> Choice:
    size = len(each.text.encode())
    lines = each.text.count("\n") + 1
    shown = (
        f"{lines:,} lines, {size:,} bytes"
        if lines > 1
        else safe_text(each.text.replace("\t", "  "), limit=200)
    )
    too_long = not fits(each.text)
    return Choice(
        key=place,
        text=(
            Piece(f"{each.label:20}"),
            Piece(shown, Tone.DIM if lines > 1 else Tone.STRONG),
            Piece("  too long" if too_long else "", Tone.WARNING),
        ),
        off_limits=too_long,
    )
