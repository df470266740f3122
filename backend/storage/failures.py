"""What goes wrong between us and a storage engine, in words for a person."""

from __future__ import annotations

from backend.text import safe_text


class StorageFailure(Exception):
    """``sentence`` says what happened, ``advice`` what to do next; a command ends with ``exit_code``."""

    exit_code = 1

    def __init__(self, sentence: str, advice: str = "") -> None:
        # What an engine says may be made of names on disks that somebody brought.
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


class NoEngine(StorageFailure):
    """No engine runs here, though ``left`` of its processes may: they go on without their supervisor."""

    def __init__(self, sentence: str, advice: str = "", *, left: int = 0) -> None:
        super().__init__(sentence, advice)
        self.left = left


class Refused(StorageFailure):
    """The engine said no. 404 is "nothing matched" for a script, 409 "refused for safety"."""

    def __init__(self, sentence: str, advice: str = "", *, status: int = 409) -> None:
        super().__init__(sentence, advice)
        self.status = status
        self.exit_code = {400: 2, 404: 5, 409: 4}.get(status, 1)
