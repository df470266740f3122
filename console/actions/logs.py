"""Keys of the Logs screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.LOGS)

ACTIONS = (
    action("logs.open", "enter", "screen.open_line", "open", "The whole line, its fields as a tree", bar=1),
    action(
        "logs.follow",
        "f",
        "screen.follow_lines",
        "follow",
        "Stay with new lines at the end, or stand still; reading goes on",
        bar=2,
    ),
    action("logs.filter", "/", "screen.filter", "filter", "Keep the lines that match a pattern", bar=91),
    action("logs.hide", "!", "screen.hide", "hide", "Leave out the lines that match a pattern", bar=5),
    action(
        "logs.context",
        "a",
        "screen.context",
        "around/only",
        "Show the lines around the matches too, or only the matches",
        bar=6,
    ),
    action("logs.next", "n", "screen.match(1)", "next match", "The next match, of all lines", bar=10),
    action("logs.previous_match", "N", "screen.match(-1)", "previous match", "The match before"),
    action(
        "logs.problems",
        "z",
        "screen.problems",
        "problems",
        "Only warnings, errors and worse, with what explains them; again for all",
        bar=7,
    ),
    action(
        "logs.sources",
        "s",
        "screen.sources",
        "sources",
        "Each container: its state, rate and lines; choose whose lines are shown",
        bar=3,
    ),
    action("logs.wrap", "w", "screen.wrap", "wrap", "Wrap long lines, or cut them", bar=12),
    action("logs.times", "t", "screen.times", "times", "Local time, UTC, how long ago, or no times", bar=13),
    action(
        "logs.columns",
        "C",
        "screen.columns",
        "columns",
        "Lay the fields of JSON and logfmt lines out in columns you choose",
        bar=8,
    ),
    action(
        "logs.raw",
        "r",
        "screen.as_written",
        "as written",
        "Lines of data as message and fields, or as they were written",
        bar=9,
    ),
    action("logs.jump", "@", "screen.jump", "jump to time", "Go to a moment: 14:05, 14:05:30, -15m", bar=14),
    action("logs.mark", "m", "screen.bookmark", "bookmark", "Put a bookmark at this line, or take it away"),
    action("logs.next_mark", "'", "screen.next_bookmark", "next bookmark", "Go to the next bookmark"),
    action("logs.labels", "i", "screen.labels", "names", "Show or hide which container each line is of"),
    action(
        "logs.run",
        "p",
        "screen.previous_run",
        "previous run",
        "The logs of the runs before the present ones, and back",
        bar=15,
    ),
    action(
        "logs.events",
        "v",
        "screen.events",
        "events",
        "What happened to this line's pod around its time",
        bar=4,
    ),
    action("logs.copy", "c", "screen.copy", "copy", "Copy the line, its text or a field of it", bar=20),
    action("logs.save", "ctrl+e", "screen.save", "save", "Write the lines that are shown to a file", bar=21),
)
"""``v`` works where the line is a container's."""
