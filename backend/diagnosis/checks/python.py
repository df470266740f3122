"""The interpreter and the libraries that everything rests on."""

from __future__ import annotations

import platform
import sqlite3
import ssl
import sys
from collections.abc import Iterator

from backend import __version__
from backend.diagnosis.check import Check, Finding, Surroundings, ok, warn

NEWEST_TESTED = (3, 13)


def _examine(around: Surroundings) -> Iterator[Finding]:
    said = f"Navarch {__version__} on Python {platform.python_version()}, {ssl.OPENSSL_VERSION}"
    if sys.version_info[:2] > NEWEST_TESTED:
        yield warn(said, f"Tested up to Python {'.'.join(map(str, NEWEST_TESTED))} only.")
    else:
        yield ok(said)
    if sqlite3.sqlite_version_info < (3, 37):
        yield warn(f"SQLite {sqlite3.sqlite_version} knows no STRICT tables.", "Use a newer Python build.")


CHECK = Check(title="Python", examine=_examine)
