"""Writing a file a person asked for: whole or not at all, theirs alone, nothing overwritten unasked."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from backend.text import safe_text


class NotSaved(Exception):
    """Nothing was written; what was there before is untouched."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


class Exists(NotSaved):
    """There is a file of that name, and nobody agreed to replace it."""


def save(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write beside the place, then take it. Raises Exists, NotSaved."""
    try:
        fd, beside = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.parent)
    except OSError as error:
        raise NotSaved(
            f"{path.parent} can't be written to: {error.strerror}", "Choose another place."
        ) from None
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(beside).replace(path)
        else:
            os.link(beside, path)  # unlike a rename it never replaces
    except FileExistsError:
        raise Exists(
            f"{path} is there already", "Say that it may be replaced, or choose another name."
        ) from None
    except OSError as error:
        raise NotSaved(f"{path} was not written: {error.strerror}", "Choose another place.") from None
    finally:
        with contextlib.suppress(OSError):
            Path(beside).unlink(missing_ok=True)
