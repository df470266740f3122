"""What can be done to the object under the cursor, or to the one that is open."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.OBJECT)

ACTIONS = (
    action(
        "describe",
        "d",
        "screen.detail('describe')",
        "describe",
        "What this object is and how it fares",
        bar=2,
    ),
    action(
        "yaml", "y", "screen.detail('yaml')", "yaml", "The whole object; secret values stay masked", bar=3
    ),
    action("events", "v", "screen.events", "events", "What happened to this object lately", bar=4),
    action(
        "relations",
        "X",
        "screen.detail('relations')",
        "relations",
        "What it belongs to, what it uses, and what uses it",
        bar=7,
    ),
    action(
        "logs",
        "l",
        "screen.logs(False)",
        "logs",
        "The logs of its containers, or of all that are marked, as one stream",
        bar=1,
    ),
    action(
        "logs.previous",
        "p",
        "screen.logs(True)",
        "previous logs",
        "What its containers wrote before they were restarted",
    ),
    action("owner", "o", "screen.owner", "owner", "Go to the controller that made this object", bar=6),
    action(
        "topology",
        "t",
        "screen.topology",
        "topology",
        "What it is made of and needs, and what needs it: as a tree, and drawn",
        bar=47,
    ),
    action(
        "blast",
        "b",
        "screen.blast",
        "blast",
        "What stops if this goes: pods, services, hosts, budgets, volumes; graded, with reasons",
        bar=48,
    ),
    action(
        "copy",
        "c",
        "screen.copy",
        "copy",
        "Copy its name, a cell, the row, its YAML… to your terminal's clipboard (OSC 52)",
        bar=20,
    ),
    action(
        "menu",
        "!",
        "screen.menu",
        "all actions",
        "Everything that can be done to this object, and why not what can't",
        bar=51,
        palette=False,
    ),
)
