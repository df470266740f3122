"""Keys of the lines that are typed: the prompt, the palette, a path."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

prompt = partial(Action, scope=Scope.PROMPT, palette=False)
find = partial(Action, scope=Scope.PALETTE, palette=False, priority=True)

ACTIONS = (
    prompt("prompt.cancel", "escape", "cancel", "cancel", "Leave the line without doing what it says"),
    prompt(
        "prompt.complete",
        "tab",
        "complete",
        "complete",
        "Take the first completion; again: the next one",
        priority=True,
    ),
    prompt("prompt.older", "up", "older", "older line", "The line typed before"),
    prompt("prompt.newer", "down", "newer", "newer line", "The line typed after"),
    find("palette.next", "down", "screen.move(1)", "next", "The next one"),
    find("palette.previous", "up", "screen.move(-1)", "previous", "The one before"),
    find("palette.take", "enter", "screen.take", "choose", "Do this one", bar=1),
    Action(
        "path.complete",
        "tab",
        "screen.complete",
        "complete",
        "Complete the path of a file",
        scope=Scope.PATH,
        palette=False,
        priority=True,
    ),
)
