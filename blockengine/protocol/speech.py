"""What two processes of perhaps different code have to agree on before they work together.

Replicas, controllers and the engine are processes of their own, and outlive each other: after an upgrade
some run the older code. So each says, before anything else, which protocols it speaks, and what it
can do beyond them. A protocol's number is raised when a message comes to mean something else; what was
merely added is a *feature*, which nobody uses with a process that does not name it.
"""

from __future__ import annotations

from functools import cache
from hashlib import blake2s
from pathlib import Path

from msgspec import Struct

from blockengine import VERSION

NEWEST, OLDEST = 2, 1
# A replica's background work can be told to rest (`messages.Rest`).
REST = "rest"
# A replica maps a controller's memory (`messages.Share`).
SHARE = "share"
FEATURES = (REST, SHARE)
_MOST_WORDS = 60


class Speech(Struct, frozen=True):
    """The protocols that a process speaks, from `oldest` to `newest`; which code it runs; what it can do.

    The defaults are what code says that is older than this: nothing.
    """

    newest: int = 1
    oldest: int = 1
    version: str = ""
    code: str = ""
    features: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What it runs, for people; the words may come from anybody."""
        if not self.version:
            return "code that does not tell its version"
        return f"{_plain(self.version)} (code {_plain(self.code)})"

    @property
    def span(self) -> str:
        """The protocols that it speaks, for people."""
        if self.newest == self.oldest:
            return f"protocol {self.newest}"
        return f"protocols {self.oldest} to {self.newest}"


def _plain(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text[:_MOST_WORDS])


@cache
def ours() -> Speech:
    """What this process speaks. Ask early: the code that it names is what is on disk at the first call."""
    return Speech(NEWEST, OLDEST, VERSION, _code(Path(__file__).parents[1]), FEATURES)


def _code(package: Path) -> str:
    """A digest of the engine's program: two versions may bear one number while they are being made."""
    digest = blake2s(digest_size=4)
    for path in sorted(package.rglob("*.py")):
        digest.update(str(path.relative_to(package)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def misfit(theirs: Speech, *, who: str, we: str) -> str:
    """Why the two can't work together, and what to do about it; nothing if they can."""
    mine = ours()
    if mine.oldest <= theirs.newest and theirs.oldest <= mine.newest:
        return ""
    older = theirs.newest < mine.oldest
    old, new = (who, we) if older else (we, who)
    return (
        f"{who} runs {theirs.name} and speaks {theirs.span}, {we} runs {mine.name} and speaks {mine.span}: "
        f"{old} is too old for {new}; restart {old} with the newer program"
    )
