"""What a fatal error prints: where it happened, never what the program held in its hands.

Textual's own crash screen prints the local variables of every frame: passphrases, tokens and keys among
them. Even an exception's message may quote what was being worked on (``UnicodeDecodeError`` quotes the
bytes), so no message is printed at all.
"""

from __future__ import annotations

from types import TracebackType

from backend.text import SafeStr, safe_text

_FRAMES = 12


def report(error: BaseException) -> SafeStr:
    """A crash in a few lines of plain text: the chain of exceptions, each with its frames' places."""
    lines = ["A mistake in Navarch itself; what it was doing stopped, nothing else was touched."]
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(_name(current))
        lines += [f"  {place}" for place in places(current.__traceback__)]
        current = current.__cause__ or current.__context__
    lines.append("Please report this with the lines above; they hold no cluster data and no secrets.")
    return safe_text("\n".join(lines), multiline=True, limit=20_000)


def _name(error: BaseException) -> str:
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def places(trace: TracebackType | None) -> list[str]:
    """Where it happened, frame by frame; never what it held."""
    found = []
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "?")
        found.append(f"{module}:{trace.tb_lineno} in {trace.tb_frame.f_code.co_name}")
        trace = trace.tb_next
    return found if len(found) <= _FRAMES else ["…", *found[-_FRAMES:]]
