"""Navarch's own log: what happened to it, for the day something goes wrong.

Bounded, on this machine only, and without a name in it: clusters and hosts stand under pseudonyms, quoted
text and paths are left out, and what looks like a secret is taken out once more before it is written. Bodies,
headers, tokens and object names are never given to it. The journal is the other thing: what *people* did.
"""

from backend.log.file import Entry, LogFile, conceal, entries, note, start, stop, user_redactor
from backend.log.redaction import Redactor, redacted

__all__ = [
    "Entry",
    "LogFile",
    "Redactor",
    "conceal",
    "entries",
    "note",
    "redacted",
    "start",
    "stop",
    "user_redactor",
]
