"""From a command's template to an argument list: every field becomes part of one argument, whatever it holds.

Names come from clusters and are hostile: ``$(reboot)``, ``--kubeconfig=/tmp/evil`` and ``x; rm`` may all be
names. No shell sees them; an argument that would become an option is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath

from backend.text import safe_text

FIELDS = ("cluster", "namespace", "name", "kind", "resource", "uid", "kubeconfig")
"""What a template may ask for; of the object under the cursor, and of its cluster."""
_FIELD = re.compile(r"\{([^{}]*)\}")
_INTERPRETERS = re.compile(
    r"(ba|da|z|k|c|tc|fi|a|ya|po)?sh|busybox|python[0-9.]*|perl|ruby|node|awk|gawk|lua[0-9.]*|php"
)
_SCRIPT_OPTION = re.compile(r"-[A-Za-z]*[cer].*|--(command|eval|execute)(=.*)?", re.DOTALL)
_JOINERS = frozenset({"ssh", "su", "watch", "script", "parallel", "eval", "tmux", "screen", "flatpak-spawn"})
"""Programs that join their arguments and hand them to a shell somewhere."""
_HARMLESS = re.compile(r"[A-Za-z0-9_.,:@/=+-]+")
_LONGEST = 4096


class BadField(Exception):
    """A field of this object can't be handed to the program. Nothing was run."""

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


def fields_of(template: Sequence[str]) -> frozenset[str]:
    """The fields that the template asks for."""
    return frozenset(name for word in template for name in _FIELD.findall(word))


def why_not(template: Sequence[str]) -> str:
    """Why this can't be a command; '' when it can."""
    if not template or not template[0].strip():
        return "run names no program"
    if _FIELD.search(template[0]):
        return "the program itself can't come from a field"
    if any("\0" in word for word in template):
        return "an argument holds a NUL character"
    unknown = sorted(fields_of(template) - set(FIELDS))
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in FIELDS)
        return f"there is no field {{{unknown[0]}}}; there are {known}"
    for script in _scripts(template):
        if _FIELD.search(script):
            return (
                "a field can't be part of a script: write $1 there and give the field as an argument, as in "
                '["sh", "-c", "echo \\"$1\\"", "sh", "{name}"]'
            )
    return ""


def _scripts(template: Sequence[str]) -> list[str]:
    """The arguments that an interpreter reads as a program: after ``-c`` and the like, glued to it or not."""
    interpreting = False
    found = []
    for place, word in enumerate(template):
        name = PurePath(word).name
        if _INTERPRETERS.fullmatch(name):
            interpreting = True
            if name.endswith("awk"):
                found += [w for w in template[place + 1 :] if not w.startswith("-")][:1]
        elif interpreting and _SCRIPT_OPTION.fullmatch(word):
            found += [word, *template[place + 1 : place + 2]]
        elif not word.startswith("-"):
            interpreting = False  # a script's file; what follows are its arguments
    return found


def filled(template: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The argument list for one object. Raises BadField for what a program could take for something else.

    An argument that starts with a field must not start with ``-``, unless ``--`` came before it.
    """
    joins = any(PurePath(word).name in _JOINERS for word in template)
    made: list[str] = []
    for word in template:
        asked = _FIELD.findall(word)
        for name in asked:
            _check(name, values.get(name, ""), joins=joins)
        text = _FIELD.sub(lambda found: values[found[1]], word)
        if asked and text.startswith("-") and not word.startswith("-") and "--" not in made:
            raise BadField(
                f"{text!r} would be taken for an option",
                'Put "--" before the field in this command, if its program knows that.',
            )
        made.append(text)
    return made


def _check(name: str, value: str, *, joins: bool) -> None:
    if not value:
        raise BadField(f"this object has no {name}, and the command asks for it")
    if len(value) > _LONGEST or any(ord(c) < 0x20 or ord(c) == 0x7F for c in value):
        raise BadField(f"the {name} of this object holds control characters or is too long")
    if joins and not _HARMLESS.fullmatch(value):
        raise BadField(
            f"the {name} {value!r} holds characters that a shell would read",
            "This program hands its arguments to a shell; only plain names are given to it.",
        )
