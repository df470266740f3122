"""As whom to act, in the words of the ``:`` line: ``alice,devs,ops --uid 7 --extra scopes=view``."""

from __future__ import annotations

from collections.abc import Iterable

from backend.fleet.words import Word, split_words
from backend.kube.access import Impersonation
from backend.tenancy.subjects import SubjectKind, identity_of, parse_subject
from backend.text import safe_text


class NotActing(ValueError):
    """The words say not as whom; ``sentence`` and ``advice`` say how to."""

    def __init__(self, sentence: str) -> None:
        self.sentence = safe_text(sentence, limit=200)
        self.advice = safe_text(
            "Write: as USER[,GROUP…] [--uid UID] [--extra KEY=VALUE], or as sa:NAMESPACE/NAME"
        )
        super().__init__(self.sentence)


def parse_acting(line: str) -> Impersonation:
    """Read ``USER[,GROUP…] [--uid UID] [--extra KEY=VALUE]…``. Raises NotActing and NotASubject.

    A service account (``sa:pay/bot``) is its user name; the server adds its groups by itself.
    """
    words, unclosed = split_words(line)
    if unclosed is not None:
        raise NotActing("a quote is never closed")
    names: list[str] = []
    uid = ""
    extra: list[str] = []
    rest = iter(words)
    for word in rest:
        if word.text in ("--uid", "--extra"):
            value = _value(word, next(rest, None))
            if word.text == "--uid":
                uid = value
                continue
            extra.append(value)
        elif names:
            raise NotActing("name one user, and groups behind commas")
        else:
            names = word.split_commas()
    if not names:
        raise NotActing("no user is named")
    subject = parse_subject(names[0])
    if subject.kind is SubjectKind.GROUP:
        raise NotActing("a group alone can't act: name a user, then groups")
    return Impersonation(
        user=identity_of(subject).user,
        uid=uid,
        groups=tuple(names[1:]),
        extra=read_extra(extra),
    )


def read_extra(given: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """``KEY=VALUE``, each key perhaps several times. Raises NotActing."""
    extra: dict[str, list[str]] = {}
    for word in given:
        key, equals, said = word.partition("=")
        if not key or not equals:
            raise NotActing(f"{word!r} is no KEY=VALUE")
        extra.setdefault(key, []).append(said)
    return tuple((key, tuple(values)) for key, values in extra.items())


def _value(option: Word, word: Word | None) -> str:
    if word is None:
        raise NotActing(f"{option.text} needs a value")
    return word.text
