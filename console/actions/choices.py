"""Keys of lists of choices, in dialogs."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.LIST)

ACTIONS = (
    action("list.up", "up,k", "up", "up", palette=False),
    action("list.down", "down,j", "down", "down", palette=False),
    action("list.top", "home,g", "top", "top", palette=False),
    action("list.bottom", "end,G", "bottom", "bottom", palette=False),
    action("list.page_down", "pagedown,ctrl+f", "page_down", "page down", palette=False),
    action("list.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False),
    action("list.choose", "enter", "choose", "choose", "Take this one", bar=1, palette=False),
    action("list.toggle", "space", "switch", "on/off", "Switch this one on or off", bar=2, palette=False),
)
