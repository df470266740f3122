"""A line of a log as pieces: when, whose, how grave, and what; or as columns of the fields it has."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum

from backend.observe.logs.block import Entry, Level
from backend.observe.logs.fields import fields_of
from backend.observe.logs.line_filter import LinePattern
from backend.observe.logs.sources import Source
from backend.resources.duration import human_duration
from backend.text import SafeStr, cells, fit, safe_text
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_layout import squeeze

SHOWN = 8192
"""Characters of a line that are drawn; all of it is in the opened line."""
_LABEL = 30
_NARROW_LABEL = 18
_WIDE_LABEL = 42
_NARROW, _WIDE = 100, 160
_WIDEST_FIELD = 36
_SOURCES = tuple(Tone(f"source{number}") for number in range(1, 9))
_LETTERS = {Level.FATAL: "F", Level.ERROR: "E", Level.WARN: "W", Level.DEBUG: "d", Level.TRACE: "t"}
_TONES = {
    Level.FATAL: Tone.ERROR,
    Level.ERROR: Tone.FAILING,
    Level.WARN: Tone.WARNING,
    Level.DEBUG: Tone.DIM,
    Level.TRACE: Tone.DIM,
    Level.SEAM: Tone.ACCENT,
    Level.NOTE: Tone.WARNING,
}
_MESSAGES = ("msg", "message", "event", "log", "text", "short_message", "@message", "body")
"""Fields that say what happened, the likeliest first."""
_LEVEL_FIELDS = ("level", "lvl", "severity", "levelname", "log.level", "loglevel", "severity_text")
_TIME_FIELDS = ("ts", "time", "timestamp", "@timestamp", "datetime")
_TOLD = frozenset((*_LEVEL_FIELDS, *_TIME_FIELDS))
"""Fields whose value stands before the line: its level and its time."""
_PARTS = ("cluster", "namespace", "pod", "name")


class Clock(Enum):
    """How times are shown; the key goes through them."""

    LOCAL = "local time"
    UTC = "UTC"
    AGO = "ago"
    NONE = "no times"


@dataclass(slots=True)
class LogLook:
    """How lines are drawn."""

    clock: Clock = Clock.LOCAL
    labels: bool = True
    columns: tuple[str, ...] = ()
    """Fields that are laid out in columns; empty: the line as it is."""
    widths: dict[str, int] = field(default_factory=dict)
    """Of those columns, as wide as anything seen so far."""
    laid_out: bool = True
    """Whether lines of sources that mostly write data are shown as message and fields."""
    pattern: LinePattern | None = None
    """What is marked."""
    label_parts: tuple[str, ...] = ("pod", "name")
    label_width: int = 0

    def learn(self, sources: Sequence[Source], *, width: int) -> None:
        """Which names tell these sources apart, and how much room they need."""
        kinds = [part for part in _PARTS if len({getattr(source, part) for source in sources}) > 1]
        if len({source.key[:2] for source in sources}) == len(sources) and "pod" in kinds:
            kinds = [part for part in kinds if part != "name"]  # one container a pod: its name says no more
        self.label_parts = tuple(kinds)
        most = _NARROW_LABEL if width < _NARROW else _WIDE_LABEL if width >= _WIDE else _LABEL
        widest = max((cells(label(source, self.label_parts)) for source in sources), default=0)
        self.label_width = min(most, widest)


def tone_of(source: Source) -> Tone:
    """The one colour of a source."""
    return _SOURCES[source.number % len(_SOURCES)]


def label(source: Source, parts: Sequence[str]) -> SafeStr:
    """``prod-eu api-1/app``, of these parts."""
    where = [str(getattr(source, part)) for part in parts if part in ("cluster", "namespace")]
    names = [str(getattr(source, part)) for part in parts if part in ("pod", "name")]
    return safe_text(" ".join((*where, "/".join(names))).strip())


def head(
    entry: Entry, source: Source, look: LogLook, *, now: float, marked: bool, late: bool = False
) -> Line:
    """What stands before the line's text, always as wide. ``late``: it belongs above the line before it."""
    level = Level(entry.level)
    pieces = [Piece(SafeStr("★" if marked else "↑" if late else " "), Tone.KEY if marked else Tone.WARNING)]
    if look.clock is not Clock.NONE:
        pieces.append(Piece(f"{time_words(entry.time, look.clock, now=now)} ", Tone.DIM))
    if look.labels and look.label_width:
        name = squeeze(label(source, look.label_parts), look.label_width, middle=True)
        pieces += [Piece(name, tone_of(source)), Piece(SafeStr(" "))]
    pieces.append(Piece(SafeStr(f"{_LETTERS.get(level, ' ')} "), _TONES.get(level, Tone.TEXT)))
    return tuple(pieces)


def body(entry: Entry, look: LogLook, *, data: bool = False) -> Line:
    """The line's text, its matches marked; or its fields in columns, if it has them. ``data``: its source
    mostly writes data, so its message and fields are shown instead of its text, if one wants that."""
    level = Level(entry.level)
    tone = _TONES.get(level, Tone.TEXT)
    text = safe_text(entry.text, limit=SHOWN, multiline=True).expandtabs(4)
    if level >= Level.SEAM:
        return (Piece(safe_text(f"── {text} ──"), tone),)
    if look.columns and (found := fields_of(entry.text)):
        return _in_columns(found, look, tone)
    if data and look.laid_out and not look.columns and (found := fields_of(entry.text)):
        return _laid_out(found, look, tone)
    return _marked(SafeStr(text.replace("\n", " ")), look.pattern, tone)


def _in_columns(found: dict[str, str], look: LogLook, tone: Tone) -> Line:
    pieces: list[Piece] = []
    last = len(look.columns) - 1
    for place, name in enumerate(look.columns):
        value = safe_text(found.get(name, "–"), limit=SHOWN)
        wanted = min(_WIDEST_FIELD, max(cells(value), cells(safe_text(name)), look.widths.get(name, 0)))
        look.widths[name] = wanted
        shown = fit(value, wanted) if place < last else value
        pieces += [*_marked(shown, look.pattern, tone if name in found else Tone.DIM)]
        if place < last:
            pieces.append(Piece(SafeStr("  ")))
    return tuple(pieces)


def _laid_out(found: dict[str, str], look: LogLook, tone: Tone) -> Line:
    """What it says, then what it says it of. Level and time stand before the line already."""
    said = next((name for name in _MESSAGES if name in found), "")
    pieces = [*_marked(safe_text(found[said], limit=SHOWN), look.pattern, tone)] if said else []
    for name, value in found.items():
        if name != said and name.lower() not in _TOLD:
            before = "  " if pieces else ""
            text = safe_text(value, limit=SHOWN)
            pieces.append(Piece(safe_text(f"{before}{name}=", limit=SHOWN), Tone.DIM))
            pieces += _marked(text, look.pattern, Tone.TEXT if tone is not Tone.DIM else tone)
    return tuple(pieces)


def titles(look: LogLook) -> Line:
    """The names of the columns, as wide as they are."""
    found: list[Piece] = []
    for name in look.columns:
        width = look.widths.get(name, len(name))
        found += [
            Piece(fit(safe_text(name.upper()), max(width, len(name))), Tone.TITLE),
            Piece(SafeStr("  ")),
        ]
    return tuple(found)


def _marked(text: SafeStr, pattern: LinePattern | None, tone: Tone) -> Line:
    if pattern is None:
        return (Piece(text, tone),)
    encoded = text.encode()
    pieces: list[Piece] = []
    at = 0
    for start, end in pattern.spans(encoded):
        pieces.append(Piece(SafeStr(encoded[at:start].decode("utf-8", "replace")), tone))
        pieces.append(Piece(SafeStr(encoded[start:end].decode("utf-8", "replace")), Tone.MATCH))
        at = end
    pieces.append(Piece(SafeStr(encoded[at:].decode("utf-8", "replace")), tone))
    return tuple(piece for piece in pieces if piece.text)


def time_words(moment: int, clock: Clock, *, now: float) -> str:
    """A moment (nanoseconds), always as wide for one clock."""
    seconds, rest = divmod(moment, 10**9)
    if clock is Clock.AGO:
        return human_duration(max(0.0, now - seconds)).rjust(6)
    try:
        stamp = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return "-" * 12
    local = stamp if clock is Clock.UTC else stamp.astimezone()
    if abs(now - seconds) > 86_400 / 2:
        return f"{local:%m-%d %H:%M} "
    return f"{local:%H:%M:%S}.{rest // 1_000_000:03}"


def full_time(moment: int) -> str:
    """A moment in full, for the opened line and for files."""
    seconds, rest = divmod(moment, 10**9)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:09}Z"
