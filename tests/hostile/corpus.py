"""Text that no server should send, and that some will: each entry has a name, and a mark that survives.

Sources: ECMA-48 (control functions), xterm's control sequences, UAX #9 (bidirectional controls), UTS #39,
CVE-2021-25743 (kubectl and terminals), OWASP on CSV injection, Textual's and rich's markup.
"""

from __future__ import annotations

PAYLOAD = "y0wn3d"
"""Stands in every string-like sequence: where it comes out after an introducer, a terminal would obey it."""

CORPUS: dict[str, str] = {
    "csi-clear": "\x1b[2J\x1b[H",
    "csi-colour": "\x1b[31;1mred",
    "csi-unterminated": "\x1b[38;5",
    "csi-8bit": "\x9b2J\x9b31m",
    "csi-private": "\x1b[?1049l\x1b[?25l\x1b[6n\x1b[>c",
    "osc-title": f"\x1b]0;{PAYLOAD}\x07\x1b]9;{PAYLOAD}\x07",
    "osc-link": f"\x1b]8;;https://evil.invalid/{PAYLOAD}\x1b\\click\x1b]8;;\x1b\\",
    "osc-clipboard": "\x1b]52;c;eTB3bjNk\x07\x1b]52;c;eTB3bjNk\x1b\\",
    "osc-8bit": f"\x9d52;c;{PAYLOAD}\x9c",
    "osc-unterminated": f"\x1b]2;{PAYLOAD}",
    "dcs": f"\x1bP$q{PAYLOAD}\x1b\\\x1bPtmux;\x1b\x1b]52;c;{PAYLOAD}\x07\x1b\\",
    "dcs-8bit": f"\x90{PAYLOAD}\x9c",
    "apc": f"\x1b_G{PAYLOAD}\x1b\\\x9f{PAYLOAD}\x9c",
    "pm": f"\x1b^{PAYLOAD}\x1b\\\x9e{PAYLOAD}\x9c",
    "sos": f"\x1bX{PAYLOAD}\x1b\\\x98{PAYLOAD}\x9c",
    "ss3": "\x1bOP\x1bNq\x8fP\x8eQ",
    "reset": "\x1bc\x1b#8\x1b(0\x1b=\x1b7\x1b8",
    "lone-escape": "\x1b",
    "markup-click": "[@click=app.quit]press[/]",
    "markup-style": "[bold red on blue]loud[/bold red on blue][link=https://evil.invalid]x[/link]",
    "markup-broken": "[/]\\[b][[[@click=",
    "bidi-override": "\u202etxt.exe\u202d\u202c",
    "bidi-isolate": "\u2066a\u2067b\u2068c\u2069\u061c\u200e\u200f",
    "zero-width": "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg",
    "fillers": "\u115f\u1160\u3164\uffa0\u034f\u180e\u17b4",
    "combining-tower": "Z" + "\u0300\u0316\u0321\u0489" * 40,
    "tags": "".join(chr(0xE0000 + ord(c)) for c in PAYLOAD),
    "variation": "\u2764\ufe0f\u2603\ufe0ex\U000e0100",
    "separators": "one\u2028two\u2029three\x85four",
    "newlines": "one\ntwo\r\nthree\rfour\x0bfive\x0csix",
    "overprint": "safe\b\b\b\bevil\x7f\x00\x07\x0e\x0f",
    "tab": "a\tb",
    "wide": "漢字かな交じり文ＡＢＣ한글",
    "emoji": "👩\u200d👩\u200d👧\u200d👦🏳\ufe0f\u200d🌈🇪🇺👍🏽",
    "annotations": "\ufff9a\ufffab\ufffb\ufffc",
    "formula": "=cmd|'/C calc'!A0",
    "formula-plus": "+1+1\t@SUM(1)",
}
"""Name: text. Each is valid as JSON text; see SURROGATE for what is not valid Unicode."""

SURROGATE = "\ud83d-\udc00"
"""Half of two characters: JSON can write it, UTF-8 can't."""

HUGE = "x" * (1 << 20) + "\x1b[2J"
"""A megabyte in one line."""

MARK = "~"
"""Nothing but hostile text has one; what stands before it is the honest text."""


ALL = MARK + "".join(CORPUS.values())
"""All of it in one text."""


def spoiled(honest: str, entry: str) -> str:
    """The honest text with a corpus entry behind it, told by its name."""
    return f"{honest}{MARK}{entry}{MARK}{CORPUS[entry]}"


def honest(text: str) -> str:
    """What :func:`spoiled` was given."""
    return text.partition(MARK)[0]
