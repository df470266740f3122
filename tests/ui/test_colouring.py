"""What stands out in a text that is read, and that colour survives wrapping and moving sideways."""

from __future__ import annotations

import pytest

from backend.text import safe_text
from console.theme import Tone
from console.widgets.colouring import coloured
from console.widgets.paint import dropped, plain, wrap


def tones(text: str) -> dict[str, Tone]:
    """The words of each tone but plain text."""
    return {
        str(piece.text).strip(): piece.tone
        for piece in coloured(safe_text(text))
        if piece.text.strip() and piece.tone is not Tone.TEXT
    }


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("    image: nginx:1.27", {"image:": Tone.ACCENT}),
        ("  - name: a", {"name:": Tone.ACCENT}),
        ("Service account:    default", {"Service account:": Tone.ACCENT}),
        ("Containers", {"Containers": Tone.STRONG}),
        ("  password: ‹masked, 12 bytes›", {"password:": Tone.ACCENT, "‹masked, 12 bytes›": Tone.MASKED}),
        ("Health:   failing: CrashLoopBackOff: x", {"Health:": Tone.ACCENT, "failing": Tone.FAILING}),
        ("Health:   warning", {"Health:": Tone.ACCENT, "warning": Tone.WARNING}),
        ("Health:   nonsense", {"Health:": Tone.ACCENT}),
        # cells of a table hold colons: no keys
        ("  Ready   False   2h   ContainersNotReady   containers with unready status: [worker]", {}),
        ("  33s        Warning  BackOff  132    kubelet   Back-off: restarting", {"Warning": Tone.WARNING}),
        ("33s        132    Warning  BackOff  kubelet   Back-off", {"Warning": Tone.WARNING}),
        ("  33s        Normal   Pulled   1      kubelet   Warning of nothing", {}),
    ],
)
def test_what_stands_out(line: str, wanted: dict[str, Tone]) -> None:
    assert tones(line) == wanted
    assert plain(coloured(safe_text(line))) == line


def test_colour_survives_wrapping_and_moving_sideways() -> None:
    line = coloured(safe_text("Health:   failing: back-off restarting failed container"))
    rows = wrap(line, 24)
    assert [plain(row) for row in rows] == ["Health:   failing:", "back-off restarting", "failed container"]
    assert [piece.tone for piece in rows[0] if piece.text.strip()] == [Tone.ACCENT, Tone.FAILING, Tone.TEXT]
    moved = dropped(line, 8)
    assert plain(moved) == "  failing: back-off restarting failed container"
    assert [piece.tone for piece in moved if piece.text.strip()] == [Tone.FAILING, Tone.TEXT]
