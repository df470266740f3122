"""Which palettes there are: those that come along, and a person's own in the configuration folder.

One of your own is a TOML file ``themes/NAME.toml`` that changes some tones of another palette:

    base = "navarch-dark"
    title = "Mine"
    background = "#101010"
    [tones]
    failing = "bold #ff5f5f"
    [layers]
    cursor = "#303050"
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.text import SafeStr, safe_text

OWN = ("navarch-dark", "navarch-light", "high-contrast", "ansi", "mono")
"""Those that come along."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LARGEST = 64 * 1024
READABLE = 4.5
"""Contrast that text needs (WCAG 2.2, 1.4.3)."""
RECOGNISABLE = 3.0
"""Contrast that marks and quiet text need (WCAG 2.2, 1.4.11)."""
_QUIET = frozenset({"border", "faded", "dim", "done", "masked"})


class BadPalette(Exception):
    """A palette's file that can't be used; ``sentence`` says why."""

    exit_code = 2

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence, self.advice = safe_text(sentence), safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True)
class Contrast:
    """A tone that is hard to read on the palette's background."""

    tone: str
    ratio: float
    needed: float

    @property
    def sentence(self) -> SafeStr:
        return safe_text(f"{self.tone} has a contrast of {self.ratio:.1f}:1; {self.needed:.1f}:1 is readable")


def folder() -> Path | None:
    """Where a person's own palettes are; None where there is no configuration folder."""
    from backend.places import config_dir

    try:
        return config_dir() / "themes"
    except OSError:
        return None


def names() -> tuple[str, ...]:
    """Every palette's name: those that come along, then a person's own, whatever their files hold."""
    place = folder()
    try:
        files = sorted(place.iterdir()) if place is not None else []
    except OSError:
        files = []
    mine = [file.stem for file in files if file.suffix == ".toml" and _NAME.fullmatch(file.stem)]
    return (*OWN, *(name for name in mine if name not in OWN))


def load(name: str) -> dict[str, Any]:
    """The palette of a person's own as the fields of ``console.theme.Palette``. Raises BadPalette."""
    place = folder()
    if place is None or not _NAME.fullmatch(name):
        raise BadPalette(f"there is no theme {name!r}")
    file = place / f"{name}.toml"
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST)
        data = tomllib.loads(content.decode())
    except OSError as error:
        raise BadPalette(f"{file.name} can't be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadPalette(f"{file.name} is not TOML: {error}") from None
    return _built(data, file)


def _built(data: dict[str, Any], file: Path) -> dict[str, Any]:
    from console.theme import palette

    base_name = data.pop("base", "navarch-dark")
    if base_name not in OWN:
        raise BadPalette(f"{file.name}: base must be one of {', '.join(OWN)}")
    base = palette(base_name)
    made: dict[str, Any] = {
        "title": _text(data.pop("title", file.stem), "title", file),
        "dark": data.pop("dark", base.dark),
        "background": data.pop("background", base.background),
        "foreground": data.pop("foreground", base.foreground),
    }
    for name in ("background", "foreground"):
        if made[name] != getattr(base, name) and not _COLOUR.fullmatch(str(made[name])):
            raise BadPalette(f"{file.name}: {name} must be a colour such as #101418")
    if made["background"] is not None and base.background is None:
        raise BadPalette(f"{file.name}: {base_name} uses the terminal's own colours; it takes no background")
    if not isinstance(made["dark"], bool):
        raise BadPalette(f"{file.name}: dark must be true or false")
    for part in ("tones", "layers"):
        given = data.pop(part, {})
        made[part] = {**getattr(base, part), **_styles(part, given, getattr(base, part), file)}
    if data:
        raise BadPalette(f"{file.name}: there is no {', '.join(sorted(data))} in a theme")
    return made


def _styles(part: str, given: Any, known: dict[str, str], file: Path) -> dict[str, str]:
    from rich.errors import StyleSyntaxError
    from rich.style import Style

    if not isinstance(given, dict):
        raise BadPalette(f"{file.name}: {part} must be a table")
    for name, style in given.items():
        if name not in known:
            raise BadPalette(
                f"{file.name}: there is no {name} among the {part}; there are {', '.join(known)}"
            )
        text = _text(style, f"{part}.{name}", file)
        if part == "layers" and known[name].startswith("#") and not _COLOUR.fullmatch(text):
            raise BadPalette(f"{file.name}: {part}.{name} must be a colour such as #24405c")
        try:
            Style.parse(text)
        except StyleSyntaxError as error:
            raise BadPalette(f"{file.name}: {part}.{name}: {error}") from None
    return dict(given)


def _text(value: Any, what: str, file: Path) -> str:
    if not isinstance(value, str):
        raise BadPalette(f"{file.name}: {what} must be text")
    return str(safe_text(value, limit=80))


def weak_contrasts(background: str | None, tones: dict[str, str]) -> list[Contrast]:
    """The tones that are hard to read on this background; none where the terminal's own colours are used."""
    if background is None:
        return []
    found = []
    for tone, style in tones.items():
        colour = next((word for word in style.split() if _COLOUR.fullmatch(word)), None)
        if colour is None:
            continue
        needed = RECOGNISABLE if tone in _QUIET else READABLE
        ratio = contrast(colour, background)
        if tone != "border" and ratio < needed:
            found.append(Contrast(tone, ratio, needed))
    return found


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours ``#rrggbb`` (WCAG 2.2, relative luminance): 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
