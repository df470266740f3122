"""A drawing that any browser shows: one file, no scripts, nothing from elsewhere."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from backend.resources.kind import Health
from backend.text import SafeStr, cells, fit, safe_text
from backend.topology.export import COLOURS
from backend.topology.layout import arrange, heights
from backend.topology.sketch import Box, Sketch

_WIDE, _TALL, _GAP, _BETWEEN, _EDGE = 210, 50, 14, 90, 24
_LETTERS = 27
"""That fit into a box, in the narrow type of the name."""
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 can't hold."""
_STYLE = (
    "text{font:12px system-ui,sans-serif;fill:#222}.k{font-size:10px;fill:#666}"
    ".a{fill:none;stroke:#9aa3ad;stroke-width:1.3}.r{font-size:9px;fill:#78828c}"
    ".t{font-size:15px;font-weight:600}.w{font-size:12px;fill:#555}"
)


def svg(sketch: Sketch, title: SafeStr, notes: list[SafeStr]) -> str:
    """``notes``: what a reader has to know, above the drawing: what was not read, what was left out."""
    count = len(sketch.boxes)
    layout = arrange(count, [(arrow.source, arrow.target) for arrow in sketch.arrows])
    top = heights(layout, count, tall=_TALL, gap=_GAP)
    left = {box: x * (_WIDE + _BETWEEN) for x, layer in enumerate(layout.layers) for box in layer}
    head = 34 + 16 * len(notes)
    width = max([*left.values(), 0]) + _WIDE + 2 * _EDGE
    height = max([*top.values(), 0]) + _TALL + head + 2 * _EDGE
    roles: dict[int, dict[str, None]] = {}
    for arrow in sketch.arrows:
        roles.setdefault(arrow.source, {})[arrow.role] = None
    told = {source: ", ".join(names) for source, names in roles.items()}
    arrows = [
        _arrow(route, told.pop(arrow.source, ""), left, top, count)
        for arrow, route in zip(sketch.arrows, layout.routes, strict=True)
    ]
    boxes = [_box(sketch.boxes[at], left[at], top[at]) for at in range(count)]
    words = [f'<text class="t" x="{_EDGE}" y="{_EDGE}">{_text(title)}</text>']
    words += [
        f'<text class="w" x="{_EDGE}" y="{_EDGE + 20 + 16 * line}">{_text(note)}</text>'
        for line, note in enumerate(notes)
    ]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" role="img" aria-label={quoteattr(_clean(title))}>',
            f"<title>{_text(title)}</title>",
            f"<style>{_STYLE}</style>",
            '<defs><marker id="h" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
            'orient="auto-start-reverse"><path d="M0 0 8 4 0 8z" fill="#9aa3ad"/></marker></defs>',
            '<rect width="100%" height="100%" fill="#ffffff"/>',
            *words,
            f'<g transform="translate({_EDGE} {head + _EDGE})">',
            *arrows,
            *boxes,
            "</g>",
            "</svg>",
            "",
        ]
    )


def _box(box: Box, x: int, y: int) -> str:
    fill, line = COLOURS[box.verdict.health]
    state = "" if box.verdict.health is Health.OK else f" · {box.verdict.health.value}"
    told = f"{box.kind} {box.name}{': ' if box.verdict.why else ''}{box.verdict.why}"
    behind = ""
    if len(box.nodes) > 1:
        behind = (
            f'<rect x="{x + 4}" y="{y + 4}" width="{_WIDE}" height="{_TALL}" rx="7" fill="{fill}" '
            f'stroke="{line}"/>'
        )
    return (
        f"<g><title>{_text(told)}</title>{behind}"
        f'<rect x="{x}" y="{y}" width="{_WIDE}" height="{_TALL}" rx="7" fill="{fill}" stroke="{line}"/>'
        f'<text class="k" x="{x + 10}" y="{y + 19}">{_text(box.kind + state)}</text>'
        f'<text x="{x + 10}" y="{y + 37}">{_text(_short(box.name))}</text></g>'
    )


def _arrow(route: tuple[int, ...], role: str, left: dict[int, int], top: dict[int, int], count: int) -> str:
    """A curve from the right side of the source to the left side of the target, through its points."""
    back = left[route[0]] > left[route[-1]]
    points: list[tuple[int, int]] = []
    for at in route:
        middle = top[at] + (_TALL // 2 if at < count else 0)
        if at >= count:
            ends = (left[at], left[at] + _WIDE)
            points += [(x, middle) for x in (reversed(ends) if back else ends)]
        elif at == route[0]:
            points.append((left[at] + (0 if back else _WIDE), middle))
        else:
            points.append((left[at] + (_WIDE if back else 0), middle))
    path = f"M{points[0][0]} {points[0][1]}"
    for (x0, y0), (x1, y1) in pairwise(points):
        bend = (x0 + x1) // 2
        path += f" C{bend} {y0} {bend} {y1} {x1} {y1}" if y0 != y1 else f" L{x1} {y1}"
    (x, y) = points[0]
    sign = -1 if back else 1
    anchor = "end" if back else "start"
    drawn = f'<path class="a" d="{path}" marker-end="url(#h)"/>'
    if role:
        place = f'x="{x + 6 * sign}" y="{y - 4}" text-anchor="{anchor}"'
        drawn += f'<text class="r" {place}>{_text(role)}</text>'
    return drawn


def _short(name: SafeStr) -> str:
    if cells(name) <= _LETTERS:
        return name
    return f"{name[:12]}…{name[-14:]}" if name.isascii() else fit(name, _LETTERS)


def _clean(text: str) -> str:
    return _NO_XML.sub("·", safe_text(text, limit=600))


def _text(text: str) -> str:
    return escape(_clean(text))
