"""The second line of defence: whatever text reaches the log or a bundle, what could be secret leaves it.

The first is that nothing secret is given to the log at all. So this errs on the side of taking out too much.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache

from backend.secret import REDACTED
from backend.text import SafeStr, safe_text

LONGEST = 400

_SECRETS = (
    r"-----BEGIN [^-]{1,40}-----.{0,8000}?(?:-----END [^-]{1,40}-----|$)"  # PEM, cut off or not
    r"|\bAGE-SECRET-KEY-[0-9A-Z]+"
    r"|\beyJ[\w-]{4,}\.[\w-]*(?:\.[\w-]*)?"  # JSON Web Tokens
    r"|\b(?:[A-Z2-7]{4}-){7}[A-Z2-7]{4}\b"  # recovery codes
    r"|\b(?:[Bb]earer|[Bb]asic)\s+\S+"
    r"|(?<=://)[^\s/@]+@"  # user and password of a URL
    r"|(?i:\b[\w-]*(?:passw(?:or)?d|passphrase|secret|token|api-?key|credential|authorization|cookie)[\w-]*"
    r"\s*[=:]\s*(?:bearer\s+|basic\s+)?\S+)"
    r"|\b(?=[\w+/=]*\d)(?=[\w+/=]*[A-Za-z])[\w+/=]{20,}"  # keys, hashes, base64
    r"|\b[0-9a-fA-F]{16,}\b"
)
_QUOTED = r"\"[^\"]{0,300}\"|'[^']{2,300}'(?!\w)|`[^`]{0,300}`|‘[^’]{0,300}’|“[^”]{0,300}”"
_PATH = r"(?<![\w/])(?:~|\.{1,2})?(?:/[\w.@+,%=:-]+)+/?"
_HOST = (
    r"\[[0-9a-fA-F:.]{2,45}(?:%\w+)?\](?::\d+)?"  # IPv6 as in addresses
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"
    r"|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F:]{1,4}\b"
    r"|\b(?:[A-Za-z0-9_](?:[\w-]{0,62})\.)+(?:[A-Za-z][\w-]{1,62})(?::\d+)?\b"
    r"|\b[A-Za-z][\w-]{0,62}:\d{2,5}\b"
    r"|(?<=://)[\w.-]+(?::\d+)?"
)
_USER = r"\b[\w.+-]{1,64}@[\w.-]{1,255}"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when something is first redacted: that is after the console's first picture."""
    return re.compile(pattern, re.DOTALL)


class Redactor:
    """Pseudonyms are stable for one ``salt`` (of one installation), and say nothing without it."""

    def __init__(self, salt: bytes) -> None:
        self._salt = salt
        self._known: dict[str, SafeStr] = {}
        self._names: re.Pattern[str] | None = None

    def conceal(self, names: Mapping[str, str]) -> None:
        """From now on these names (with what they name, an id) stand under pseudonyms in any text too."""
        self._known |= {
            name: self.pseudonym("cluster", identity) for name, identity in names.items() if len(name) > 1
        }
        longest_first = sorted(self._known, key=len, reverse=True)
        words = "|".join(re.escape(name) for name in longest_first)
        self._names = re.compile(rf"(?<![\w.-])(?:{words})(?![\w-])") if words else None

    def pseudonym(self, kind: str, name: str) -> SafeStr:
        """``cluster-3fa91c``; '' stays ''."""
        if not name:
            return SafeStr("")
        digest = hashlib.blake2b(f"{kind}\0{name}".encode(), key=self._salt, digest_size=3)
        return SafeStr(f"{kind}-{digest.hexdigest()}")

    def text(self, text: object) -> SafeStr:
        """One line without secrets, names in quotes, paths, users and hosts."""
        if not text:
            return SafeStr("")
        line = redacted(text)
        if self._names is not None:
            line = self._names.sub(lambda found: self._known[found[0]], line)
        line = _compiled(_QUOTED).sub("‹…›", line)
        line = _compiled(_PATH).sub("‹path›", line)
        line = _compiled(_USER).sub("‹user›", line)
        line = _compiled(_HOST).sub(self._host, line)
        return safe_text(line, limit=LONGEST)

    def _host(self, found: re.Match[str]) -> str:
        return f"‹{self.pseudonym('host', found[0].rsplit(':', 1)[0])}›"


def redacted(text: object) -> str:
    """Text without what looks like a key, a token, a password or any other long random string."""
    return str(_compiled(_SECRETS).sub(REDACTED, safe_text(text, limit=20 * LONGEST, multiline=True)))
