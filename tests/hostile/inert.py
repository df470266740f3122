"""Whether all that is on the screen is only text."""

from __future__ import annotations

from console.application import NavarchApp
from tests.hostile.oracle import wrong_in
from tests.ui.seeing import screen_text


def inert(app: NavarchApp) -> None:
    assert wrong_in(screen_text(app)) == []
    for strip in app.screen._compositor.render_strips():
        assert strip.cell_length == app.size.width, "a line of the wrong width pushes its neighbours away"
        for segment in strip:
            meta = segment.style.meta if segment.style is not None else {}
            assert not meta.get("@click"), "markup became an action"
            assert segment.style is None or not segment.style.link, "markup became a link"
