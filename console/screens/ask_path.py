"""Asks for the path of a kubeconfig; tab completes it."""

from __future__ import annotations

from pathlib import Path

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from console.actions import Scope
from console.keymap import bindings
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock


class AskPathScreen(DialogScreen[str]):
    title_text = "Which kubeconfig?"
    BINDINGS = bindings(Scope.PATH)

    def __init__(self, path: str = "") -> None:
        super().__init__()
        self._path = path

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [
                    (
                        Piece(
                            "Its path; tab completes, enter reads. You review it; it is never changed.",
                            Tone.DIM,
                        ),
                    )
                ]
            ),
            Field(value=self._path),
        ]

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        path = Path(event.value.strip()).expanduser()
        if not event.value.strip():
            self.say("Type a path, or press esc.")
        elif path.is_dir():
            self.say("This is a folder; name a file in it.")
        elif not path.exists():
            self.say("There is no such file.")
        else:
            self.dismiss(str(path))

    def action_complete(self) -> None:
        field = self.query_one(Field)
        found = candidates(field.value)
        if found:
            field.value = found
            field.cursor_position = len(found)


def candidates(text: str) -> str:
    """What all files beginning like this have in common; a folder ends with a slash."""
    path = Path(text).expanduser()
    folder, start = (path, "") if text.endswith("/") or not text else (path.parent, path.name)
    try:
        names = sorted(entry.name for entry in folder.iterdir() if entry.name.startswith(start))
    except OSError:
        return ""
    if not names:
        return ""
    first, last = names[0], names[-1]
    shared = next((first[:i] for i, c in enumerate(first) if i >= len(last) or last[i] != c), first)
    complete = folder / shared
    return f"{complete}/" if len(names) == 1 and complete.is_dir() else str(complete)
