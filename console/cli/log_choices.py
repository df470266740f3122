"""The forms and times that ``navarch logs`` may be asked for; apart, so that its help costs little."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    TEXT = "text"
    JSON = "json"
    RAW = "raw"


class Times(StrEnum):
    NONE = "none"
    LOCAL = "local"
    UTC = "utc"
    RELATIVE = "relative"
