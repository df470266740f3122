"""What a person says about clusters: tags, groups, protection, read-only; changed for many at once."""

from __future__ import annotations

from dataclasses import dataclass

from backend.text import safe_text

_LONGEST = 63


class BadMark(ValueError):
    """A word that can be neither a tag nor a group."""

    exit_code = 2

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What is to change; empty tuples and None: nothing. Tags and groups come without ``#`` and ``@``."""

    add_tags: tuple[str, ...] = ()
    drop_tags: tuple[str, ...] = ()
    add_groups: tuple[str, ...] = ()
    drop_groups: tuple[str, ...] = ()
    protected: bool | None = None
    read_only: bool | None = None

    @property
    def idle(self) -> bool:
        return self == Marks()

    @property
    def told(self) -> str:
        """``add #eu, @edge; drop #old; protected``: for the journal and for people."""
        added = [*(f"#{tag}" for tag in self.add_tags), *(f"@{group}" for group in self.add_groups)]
        dropped = [*(f"#{tag}" for tag in self.drop_tags), *(f"@{group}" for group in self.drop_groups)]
        guards = (
            {None: "", True: "protected", False: "not protected"}[self.protected],
            {None: "", True: "read-only", False: "not read-only"}[self.read_only],
        )
        words = (
            f"add {', '.join(added)}" if added else "",
            f"drop {', '.join(dropped)}" if dropped else "",
            *guards,
        )
        return "; ".join(word for word in words if word)

    def tags(self, present: tuple[str, ...]) -> tuple[str, ...]:
        return _changed(present, self.add_tags, self.drop_tags)

    def groups(self, present: tuple[str, ...]) -> tuple[str, ...]:
        return _changed(present, self.add_groups, self.drop_groups)


def _changed(present: tuple[str, ...], added: tuple[str, ...], dropped: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in dict.fromkeys((*present, *added)) if word not in dropped)


def checked_word(text: str, *, sigil: str = "") -> str:
    """``#tag`` or ``@group`` as typed; ``sigil``: what it is when it comes without one. Raises BadMark.

    What a list of clusters gives a meaning (commas, globs, the sigils themselves) can't be in a name that is
    to be typed there; a blank could, quoted, but nobody wants that.
    """
    word = text.strip()
    kind, name = (word[0], word[1:]) if word[:1] in ("#", "@") else (sigil, word)
    if kind not in ("#", "@") or (sigil and kind != sigil):
        raise BadMark(f"{word[:80]!r} is no tag or group", advice="A tag starts with #, a group with @.")
    odd = set(name) & set(",*?[]#@!/'\"\\ ")
    if not name or odd or len(name) > _LONGEST or safe_text(name) != name or name.startswith("-"):
        raise BadMark(
            f"{word[:80]!r} can't be the name of a tag or group",
            advice=f"Use at most {_LONGEST} letters, digits, dots and dashes.",
        )
    return kind + name
