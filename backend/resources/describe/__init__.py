"""One object explained: what it is, how it fares and why, what it consists of, what happened to it."""

from backend.resources.describe.page import describe

__all__ = ["describe"]
