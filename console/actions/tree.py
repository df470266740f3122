"""Keys of trees and drawings of how things hang together."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.TREE)

ACTIONS = (
    action("tree.up", "up,k", "up", "up", palette=False),
    action("tree.down", "down,j", "down", "down", palette=False),
    action("tree.top", "home,g", "top", "top", palette=False),
    action("tree.bottom", "end,G", "bottom", "bottom", palette=False),
    action("tree.page_down", "pagedown,ctrl+f", "page_down", "page down", palette=False),
    action("tree.page_up", "pageup,ctrl+b", "page_up", "page up", palette=False),
    action("tree.open", "enter", "choose", "open", "Open what the cursor is on", bar=1, palette=False),
    action(
        "tree.switch", "space", "switch", "fold/unfold", "Fold or unfold this branch", bar=5, palette=False
    ),
    action("tree.fold", "left,h", "fold", "fold", "Fold this branch, or step out of it", palette=False),
    action("tree.unfold", "right", "unfold", "unfold", "Unfold this branch, or step into it", palette=False),
    action("tree.unfold_all", "*", "unfold_all", "unfold all", "Unfold all below this branch", palette=False),
    action("tree.fold_all", "backspace", "fold_all", "fold all", "Fold everything again", palette=False),
    action(
        "tree.drawing",
        "tab",
        "screen.other_form",
        "tree/drawing",
        "From the tree to the drawing of boxes and arrows, and back",
        bar=2,
    ),
    action(
        "tree.problems",
        "z",
        "screen.problems",
        "problems",
        "Only branches with something that is failing or warning; again for all",
        bar=6,
    ),
    action("tree.find", "/", "screen.find", "find", "Find an object by kind or name, wherever it is", bar=91),
    action("tree.next", "n", "screen.match(1)", "next match", "The next object that was found", bar=10),
    action("tree.previous", "N", "screen.match(-1)", "previous match", "The one before"),
)
