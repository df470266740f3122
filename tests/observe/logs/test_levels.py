from __future__ import annotations

import pytest

from backend.observe.logs.block import Level
from backend.observe.logs.levels import LevelReader, level_of


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b'level=info msg="error handler registered"', Level.INFO),
        (b'ts=1 lvl=warn msg="slow"', Level.WARN),
        (b'{"time":"2026","level":"ERROR","msg":"x"}', Level.ERROR),
        (b'{"severity": "CRITICAL", "message": "x"}', Level.FATAL),
        (b'{"level":30,"msg":"pino"}', Level.INFO),
        (b'{"level":50,"time":1}', Level.ERROR),
        (b"E1204 12:00:01.000 1 main.go:3] boom", Level.ERROR),
        (b"I1204 12:00:01.000 1 main.go:3] fine, no ERROR here", Level.INFO),
        (b"2026-12-01 12:00:00,123 [main] ERROR com.x.Y - boom", Level.ERROR),
        (b"[warn] something", Level.WARN),
        (b"2026/12/01 [error] 31#31: *1 open() failed", Level.ERROR),
        (b"panic: runtime error: index out of range", Level.FATAL),
        (b"Traceback (most recent call last):", Level.ERROR),
        (b"java.lang.IllegalStateException: closed", Level.ERROR),
        (b"DEBUG cache miss", Level.DEBUG),
        (b"10.0.0.1 - - GET /errors HTTP/1.1 200", Level.NONE),
        (b"informational text about warnings", Level.NONE),
        (b"", Level.NONE),
        (b"\xff\xfe\x00ERROR\x00", Level.ERROR),
    ],
)
def test_levels(line: bytes, level: Level) -> None:
    assert level_of(line) is level


def test_only_the_beginning_of_a_line_counts() -> None:
    assert level_of(b"x " * 300 + b"ERROR") is Level.NONE


def test_a_stack_trace_belongs_to_its_error() -> None:
    reader = LevelReader()
    lines = [b"ERROR boom", b"\tat com.x.Y", b"Caused by: z", b"    ...", b"next", b"\tindented"]
    assert [reader.level(line) for line in lines] == [Level.ERROR] * 4 + [Level.NONE] * 2
