"""What is dropped from foreign text, and what is shown in its place."""

from __future__ import annotations

import re

ELLIPSIS = "…"
PLACEHOLDER = "·"

_ESCAPE_SEQUENCES = (
    # OSC, DCS, SOS, PM, APC in 7- and 8-bit form swallow their payload up to BEL, ST or the line's end.
    # Bounded, so that one unterminated introducer cannot hide a whole document.
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\|\x9c)?"
    r"|(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,16}[@-~]?"  # CSI
    r"|\x1b[ -/]{0,16}[0-~]?"  # two- and three-byte escapes (ECMA-48 nF, Fp, Fe, Fs)
)
_FORBIDDEN = (
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and line feed, DEL, C1
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"  # invisible fillers, Arabic letter mark
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f"  # zero width, line separators, bidirectional controls
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"  # fillers, variation selectors, BOM, annotations
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # musical controls, tags
    "\ud800-\udfff]"  # lone surrogates cannot be written to a terminal
)
_HOSTILE = re.compile(f"{_ESCAPE_SEQUENCES}|{_FORBIDDEN}")
_LINE_BREAKS = re.compile(r"\r\n|[\n\r\t]")
# A base character under a tower of combining marks paints over its neighbours' lines.
_MARKS = (
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06ed"
    "\u0e34-\u0e3a\u0e47-\u0e4e\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
)
_COMBINING_TOWER = re.compile(f"({_MARKS}{{2}}){_MARKS}+")


class SafeStr(str):
    """Text that has passed :func:`safe_text`: no controls, no escapes, no reordering, bounded length."""

    __slots__ = ()


def safe_text(value: object, *, limit: int = 8192, multiline: bool = False) -> SafeStr:
    """Make foreign text fit to be shown, whatever it holds.

    Args:
        value: bytes (decoded as UTF-8, invalid bytes become U+FFFD), text, or any object by its ``str``;
            None becomes the empty text.
        limit: how many characters are kept; what is cut is announced as ``…+N``.
        multiline: keep line feeds and tabs (YAML, describe, logs). Otherwise they become one space each,
            so that a value can never span table rows.

    Each dropped sequence is shown as ``·``: what hid is visible, but inert. Linear in its input's length.
    Source: ECMA-48 (escape sequences), UAX #9 (bidirectional controls), CVE-2021-25743.
    """
    if type(value) is SafeStr and len(value) <= limit and (multiline or value.isprintable()):
        return value  # printable: there is no line feed in it
    text = _decoded(value)
    over = len(text) - limit
    if over > 0:
        text = text[:limit]
    if not text.isascii() or not text.isprintable():
        text = text.replace("\r\n", "\n") if multiline else _LINE_BREAKS.sub(" ", text)
        text = _HOSTILE.sub(PLACEHOLDER, text)
        text = _COMBINING_TOWER.sub(r"\1", text)
    return SafeStr(f"{text}{ELLIPSIS}+{over}" if over > 0 else text)


def _decoded(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else str(value)
