"""What an answer's headers say: warnings, how long to wait, how far the server's clock is off."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email.utils import parsedate_to_datetime

from backend.text import SafeStr, safe_text

_WARNING = re.compile(r'299\s+\S+\s+"((?:[^"\\]|\\.)*)"')
_MAX_WARNINGS = 32
_DATE_RESOLUTION = 1.5
"""Seconds; the Date header counts whole seconds, so less than this is no skew we can know of."""


def header(headers: Sequence[tuple[str, str]], name: str) -> str:
    """The first value of a header (its name in lower case), or ""."""
    return next((value for key, value in headers if key == name), "")


def warnings_in(headers: Sequence[tuple[str, str]]) -> tuple[SafeStr, ...]:
    """Texts of the ``Warning: 299`` headers, as sent for deprecated versions (RFC 7234 §5.5)."""
    found: list[SafeStr] = []
    for key, value in headers:
        if key == "warning":
            found += [safe_text(re.sub(r"\\(.)", r"\1", text), limit=512) for text in _WARNING.findall(value)]
    return tuple(found[:_MAX_WARNINGS])


def retry_after_in(headers: Sequence[tuple[str, str]], *, now: float) -> float | None:
    """Seconds to wait, from Retry-After as a number or a date (RFC 9110 §10.2.3); None: not said."""
    value = header(headers, "retry-after").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    date = _epoch(value)
    return max(0.0, date - now) if date is not None else None


def clock_skew_in(headers: Sequence[tuple[str, str]], *, now: float) -> float | None:
    """Seconds the server's clock is ahead of ours (negative: behind); None: no usable Date (R28)."""
    date = _epoch(header(headers, "date"))
    if date is None:
        return None
    skew = date + 0.5 - now
    return skew if abs(skew) > _DATE_RESOLUTION else 0.0


def _epoch(value: str) -> float | None:
    if not value:
        return None
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
