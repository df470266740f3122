"""Palettes: what each tone of text and each layer behind it looks like, read from ``themes/``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from rich.style import Style
from textual.theme import Theme

from console.palettes import OWN, load, names
from console.terminal.traits import Traits


class Tone(StrEnum):
    """What a piece of text is; colour means state and nothing else."""

    TEXT = "text"
    STRONG = "strong"
    DIM = "dim"
    BORDER = "border"
    TITLE = "title"
    ACCENT = "accent"
    KEY = "key"
    OK = "ok"
    PROGRESSING = "progressing"
    WARNING = "warning"
    FAILING = "failing"
    UNKNOWN = "unknown"
    DONE = "done"
    ERROR = "error"
    MATCH = "match"
    FADED = "faded"
    MASKED = "masked"
    SOURCE1 = "source1"
    SOURCE2 = "source2"
    SOURCE3 = "source3"
    SOURCE4 = "source4"
    SOURCE5 = "source5"
    SOURCE6 = "source6"
    SOURCE7 = "source7"
    SOURCE8 = "source8"
    """Where lines of many sources are mixed: whose a line is. The one colour that means no state."""


class Layer(StrEnum):
    """What lies behind text."""

    NONE = "none"
    CURSOR = "cursor"
    CURSOR_BLURRED = "cursor_blurred"
    MARK = "mark"
    GLOW = "glow"
    SELECTED = "selected"
    DIALOG = "dialog"


@dataclass(frozen=True, slots=True)
class Palette:
    name: str
    title: str
    dark: bool
    background: str | None
    foreground: str | None
    tones: dict[str, str]
    layers: dict[str, str]

    def style(self, tone: Tone, layer: Layer = Layer.NONE) -> Style:
        """The Rich style of this tone on this layer."""
        return _style(self.name, tone, layer)

    def blank(self, layer: Layer = Layer.NONE) -> Style:
        """The style of empty cells."""
        return self.style(Tone.TEXT, layer)

    @property
    def native(self) -> bool:
        """Whether it only uses the terminal's own colours."""
        return self.background is None


@cache
def palette(name: str) -> Palette:
    """The palette of this name, see ``console.palettes.names``. Raises BadPalette for a person's own."""
    data = json.loads((files("themes") / f"{name}.json").read_text("utf-8")) if name in OWN else load(name)
    return Palette(name=name, **data)


def forget_own_palettes() -> None:
    """Read them anew when they are next asked for: their files may have changed."""
    palette.cache_clear()
    _style.cache_clear()


@cache
def _style(name: str, tone: Tone, layer: Layer) -> Style:
    source = palette(name)
    style = Style.parse(source.tones[tone]) if source.tones[tone] else Style()
    behind = "" if layer is Layer.NONE else source.layers[layer]
    if source.background is not None:
        return style + Style(bgcolor=behind or source.background)
    if layer is Layer.CURSOR and "reverse" in behind:
        style = style.without_color + Style(bold=style.bold)  # reversed state colours are hard to read
    return style + Style.parse(behind) if behind else style


def textual_theme(name: str) -> Theme:
    """The palette as Textual's stylesheet sees it."""
    source = palette(name)
    if source.background is None or source.foreground is None:
        return _native_theme(name)
    tones = source.tones
    return Theme(
        name=name,
        primary=_colour(tones["accent"]),
        warning=_colour(tones["warning"]),
        error=_colour(tones["failing"]),
        success=_colour(tones["ok"]),
        accent=_colour(tones["accent"]),
        foreground=source.foreground,
        background=source.background,
        surface=source.background,
        panel=source.layers["dialog"],
        dark=source.dark,
        variables={
            "title": _colour(tones["title"]),
            "border": _colour(tones["border"]),
            "dialog": source.layers["dialog"],
            "cursor-blurred": source.layers["cursor_blurred"],
            "input-cursor-background": source.foreground,
            "input-cursor-foreground": source.background,
            "input-selection-background": source.layers["selected"],
        },
    )


def _native_theme(name: str) -> Theme:
    default = "ansi_default"
    colour = name == "ansi"
    return Theme(
        name=name,
        primary="ansi_cyan" if colour else default,
        error="ansi_red" if colour else default,
        ansi=True,
        variables={
            "ansi-background": default,  # Textual's own stylesheet names these two
            "ansi-foreground": default,
            "title": "ansi_cyan" if colour else default,
            "border": "ansi_bright_black" if colour else default,
            "dialog": default,
            "cursor-blurred": default,
            "input-cursor-text-style": "reverse",
            "input-cursor-background": default,
            "input-cursor-foreground": default,
        },
    )


def default_theme(traits: Traits, *, chosen: str = "") -> str:
    """Which palette a terminal gets at the start; ``chosen``: earlier, perhaps at a better terminal."""
    if not traits.colour:
        return "mono"
    if traits.palette_colours:
        return chosen if chosen in ("ansi", "mono") else "ansi"
    return chosen if chosen in OWN or (chosen and chosen in names()) else "navarch-dark"


def _colour(style: str) -> str:
    return style.rsplit(maxsplit=1)[-1]
