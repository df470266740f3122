"""A person's own editor on a text: found as kubectl finds it, given a file of its own, awaited.

The file lies in the session's runtime folder (usually in memory), readable by its owner alone. It is removed
when it is no longer needed; a text that came to nothing is kept, and its path told. Never for secrets.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shlex
import shutil
import signal
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_VARIABLES = ("KUBE_EDITOR", "VISUAL", "EDITOR")
_FALLBACKS = ("sensible-editor", "vim", "vi", "nano")


class NoEditor(Exception):
    """There is no editor to start, or it could not be started."""

    exit_code = 1
    advice = "Name one: export EDITOR=nano (KUBE_EDITOR, VISUAL and EDITOR are asked, in this order)."

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


def editor_command(environ: Mapping[str, str] = os.environ) -> list[str]:
    """The editor and its arguments. Raises NoEditor."""
    for variable in _VARIABLES:
        try:
            words = shlex.split(environ.get(variable, ""))
        except ValueError:
            raise NoEditor(f"{variable} can't be read as a command") from None
        if words:
            return words
    for name in _FALLBACKS:
        if shutil.which(name):
            return [name]
    raise NoEditor("there is no editor on this machine that Navarch knows")


class Draft:
    """A text in a file while an editor works on it. The file stays until :meth:`discard`."""

    def __init__(self, text: str, *, name: str) -> None:
        """Raises OSError when the file can't be written."""
        from backend.places import runtime_dir

        plain = re.sub(r"[^A-Za-z0-9-]+", "-", name)[:80]
        fd, path = tempfile.mkstemp(prefix=f"edit-{plain}-", suffix=".yaml", dir=runtime_dir())
        self.path = Path(path)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self) -> str:
        """Raises OSError, also for a text that is no UTF-8."""
        try:
            return self.path.read_text("utf-8")
        except UnicodeDecodeError:
            raise OSError(f"{self.path} is not UTF-8 any more") from None

    def write(self, text: str) -> None:
        """Put another text in its place; the old one stays if that fails."""
        fd, beside = tempfile.mkstemp(prefix=".edit-", dir=self.path.parent)
        with os.fdopen(fd, "w", encoding="utf-8") as file:
            file.write(text)
        Path(beside).replace(self.path)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


async def run_editor(command: Sequence[str], path: Path) -> None:
    """Start the editor on the terminal and wait for its end. Raises NoEditor.

    It alone gets ctrl-c meanwhile; when we are cancelled, it is ended.
    """
    with _deaf_to_interrupts():
        try:
            process = await asyncio.create_subprocess_exec(*command, str(path))
        except OSError as error:
            raise NoEditor(f"{command[0]} can't be started: {error.strerror}") from None
        try:
            code = await process.wait()
        except asyncio.CancelledError:
            process.terminate()
            await process.wait()
            raise
    if code:
        raise NoEditor(f"{command[0]} ended with code {code}: the text is left alone")


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """A handler, not SIG_IGN: a program that is started would inherit that."""
    try:
        before = signal.signal(signal.SIGINT, lambda *_: None)
    except ValueError:  # not the main thread
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
