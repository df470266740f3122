"""How grave a line says that it is, read from its first few hundred bytes."""

from __future__ import annotations

import re2

from backend.observe.logs.block import Level

_LOOKED_AT = 400
"""Bytes of a line that are looked at: further on words are the message's, not the level's."""
_WORDS = {
    Level.FATAL: "fatal|panic|critical|crit|emerg|emergency|alert|dpanic",
    Level.ERROR: "error|err|severe|eror",
    Level.WARN: "warning|warn|wrn",
    Level.INFO: "information|info|inf|notice",
    Level.DEBUG: "debug|dbg|fine|verbose",
    Level.TRACE: "trace|trc|finer|finest",
}
_KLOG = {Level.FATAL: "F", Level.ERROR: "E", Level.WARN: "W", Level.INFO: "I"}
_NUMBERS = {
    Level.FATAL: "60",
    Level.ERROR: "50",
    Level.WARN: "40",
    Level.INFO: "30",
    Level.DEBUG: "20",
    Level.TRACE: "10",
}
"""Of bunyan and pino."""
_SHOUTED = {
    Level.FATAL: r"\b(?:FATAL|PANIC|CRITICAL|EMERG)\b|^panic: |^fatal error: ",
    Level.ERROR: r"\b(?:ERROR|ERR|SEVERE)\b|^Traceback |^Exception in |Exception: |^Error: |\berror: |\berr=",
    Level.WARN: r"\b(?:WARN|WARNING)\b|^[Ww]arning: ",
    Level.INFO: r"\b(?:INFO|NOTICE)\b",
    Level.DEBUG: r"\bDEBUG\b",
    Level.TRACE: r"\bTRACE\b",
}


def _told(level: Level) -> str:
    """The line names its level: as a field, as a bracketed word, in klog's manner."""
    name = r"(?:log[._]?)?(?:level|lvl|severity|levelname|severity_text)"
    words = f"(?i:{_WORDS[level]})"
    parts = [
        rf'(?i:\b{name})"?\s?[=:]\s?"?(?:{words}|{_NUMBERS[level]})(?:["\s,}}]|$)',
        rf"^[^\[]{{0,60}}\[\s?{words}\s?\]",
    ]
    if level in _KLOG:
        parts.append(rf"^{_KLOG[level]}\d{{4}} \d\d:\d\d:")
    return "|".join(parts)


def _set() -> tuple[re2.Set, tuple[Level, ...]]:
    options = re2.Options()
    options.log_errors = False
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 64 << 20
    found = re2.Set.SearchSet(options)
    order: list[Level] = []
    for patterns in (_told, lambda level: _SHOUTED[level]):
        for level in _WORDS:
            found.Add(patterns(level))
            order.append(level)
    found.Compile()
    return found, tuple(order)


_SET, _LEVELS = _set()


def level_of(line: bytes) -> Level:
    """The level that a line names; else the gravest word it shouts; else none."""
    found = _SET.Match(line[:_LOOKED_AT])
    return _LEVELS[min(found)] if found else Level.NONE


class LevelReader:
    """Levels of one source's lines in their order: what continues a line (a stack trace) has its level."""

    def __init__(self) -> None:
        self._last = Level.NONE

    def level(self, line: bytes) -> Level:
        found = level_of(line)
        if found is Level.NONE and line.startswith(_CONTINUES):
            return self._last
        self._last = found
        return found


_CONTINUES = (b" ", b"\t", b"at ", b"Caused by", b"goroutine ", b"...")
