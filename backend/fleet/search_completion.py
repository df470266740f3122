"""What may come next on the ``:search`` line."""

from __future__ import annotations

from backend.fleet.completion import Candidate, Completion, Known, complete
from backend.fleet.search_terms import OPTIONS
from backend.fleet.words import split_words
from backend.text import SafeStr, safe_text

_LISTED = ("-n", "--namespace", "-c", "--cluster")


def complete_search(line: str, known: Known) -> Completion:
    """What could stand where the line, which begins with ``search``, ends."""
    words, _ = split_words(line)
    current = words.pop() if words and words[-1].end == len(line) else None
    start, typed = (current.start, current.text) if current is not None else (len(line), "")
    before = words[-1].text if words else ""
    if before == "--kind":
        return _after(start, complete(typed.rpartition(",")[2], known), typed)
    if typed.startswith("@") or before in _LISTED:
        return complete(line, known)
    if typed.startswith("-"):
        found = [option for option in OPTIONS if option.startswith(typed)]
        return Completion(
            start=start, candidates=tuple(Candidate(text=o, hint=safe_text("option")) for o in found)
        )
    return Completion(start=start, reason=SafeStr("a part of a name, or /REGEX/; -l LABELS, --image IMAGE"))


def _after(start: int, found: Completion, typed: str) -> Completion:
    """The completion of the last part of a list, behind the parts before it."""
    head = typed[: len(typed) - len(typed.rpartition(",")[2])]
    told = tuple(Candidate(text=head + c.text, hint=c.hint) for c in found.candidates)
    return Completion(start=start, candidates=told, reason=found.reason)
