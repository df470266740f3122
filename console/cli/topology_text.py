"""A tree of a graph on lines of text: guides, a glyph and a word for health, the reason."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from backend.resources.kind import Health
from backend.text import SafeStr, safe_text
from backend.topology.branch import Branch, walk
from console.cli.output import COLOURS, PLAIN, coloured

_GLYPHS = {
    Health.FAILING: ("✖", "x"),
    Health.WARNING: ("▲", "!"),
    Health.PROGRESSING: ("◐", "~"),
    Health.UNKNOWN: ("?", "?"),
    Health.OK: ("●", "o"),
    Health.DONE: ("✔", "v"),
}
_REASON = 140
"""Characters of a reason; JSON has all of it."""
_UNICODE, _ASCII = ("│  ", "├─ ", "└─ ", "   "), ("|  ", "|- ", "`- ", "   ")


def print_tree(roots: Sequence[Branch], *, depth: int, problems: bool) -> None:
    """Write the trees to stdout, unfolded so deep; ``problems``: only what is in trouble."""
    encoding = (sys.stdout.encoding or "ascii").lower()
    unicode = "utf" in encoding
    colour = coloured(sys.stdout)
    for root in roots:
        for line in tree_lines(root, depth=depth, problems=problems, unicode=unicode, colour=colour):
            sys.stdout.write(line + "\n")


def tree_lines(
    root: Branch, *, depth: int, problems: bool, unicode: bool = True, colour: bool = False
) -> list[str]:
    walked = list(walk(root, depth, problems=problems))
    through, tee, corner, blank = _UNICODE if unicode else _ASCII
    lines: list[str] = []
    follows = [False] * (max((level for level, _, _ in walked), default=0) + 2)
    for level, branch, folded in reversed(walked):  # from below: whether a sister follows is known there
        guide = "".join(through if follows[above] else blank for above in range(1, level))
        if level:
            guide += tee if follows[level] else corner
        follows[level] = True
        follows[level + 1 :] = [False] * (len(follows) - level - 1)
        lines.append(guide + _told(branch, folded=folded, unicode=unicode, colour=colour))
    return lines[::-1]


def _told(branch: Branch, *, folded: bool, unicode: bool, colour: bool) -> str:
    health = branch.verdict.health
    glyph = _GLYPHS[health][0 if unicode else 1]
    if colour and health in COLOURS:
        glyph = f"{COLOURS[health]}{glyph}{PLAIN}"
    role = f"{branch.role}: " if branch.role else ""
    parts = [f"{glyph} {role}{branch.title}"]
    if branch.note:
        parts.append(f"({branch.note})")
    if health not in (Health.OK, Health.DONE):
        parts.append(f"{health.value}{': ' if branch.why else ''}{safe_text(branch.why, limit=_REASON)}")
    elif health is Health.DONE:
        parts.append(SafeStr("done"))
    if folded:
        parts.append("[+]")
    return "  ".join(parts)
