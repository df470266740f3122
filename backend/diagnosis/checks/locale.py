"""Whether text arrives as it is meant: UTF-8 from end to end."""

from __future__ import annotations

import locale
from collections.abc import Iterator

from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn


def _examine(around: Surroundings) -> Iterator[Finding]:
    encoding = locale.getpreferredencoding(False)
    named = next(
        (
            f"{name}={around.environ[name]}"
            for name in ("LC_ALL", "LC_CTYPE", "LANG")
            if around.environ.get(name)
        ),
        "no locale is set",
    )
    if encoding.lower().replace("-", "") == "utf8":
        yield ok(f"{encoding} ({named})")
    else:
        yield warn(
            f"The locale's encoding is {encoding} ({named}): borders and signs are ASCII.",
            "Set LANG to a UTF-8 locale such as C.UTF-8.",
        )


CHECK = Check(title="Locale", examine=_examine)
