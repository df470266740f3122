"""Moving in a text."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.READING)

ACTIONS = (
    action("reading.up", "up,k", "up", "up", palette=False),
    action("reading.down", "down,j", "down", "down", palette=False),
    action("reading.top", "home,g", "top", "top", palette=False),
    action("reading.bottom", "end,G", "bottom", "bottom", palette=False),
    action("reading.page_down", "pagedown,ctrl+f,space", "page_down", "page down", palette=False),
    action("reading.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False),
    action("reading.half_down", "ctrl+d", "half_down", "half a page down", palette=False),
    action("reading.half_up", "ctrl+u", "half_up", "half a page up", palette=False),
    action("reading.columns_left", "left", "columns_left", "to the left", palette=False),
    action("reading.columns_right", "right", "columns_right", "to the right", palette=False),
)
