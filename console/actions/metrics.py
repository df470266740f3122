"""Keys of the metrics screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.METRICS)

ACTIONS = (
    action(
        "metrics.level",
        "tab",
        "screen.next_level(1)",
        "next level",
        "The next: clusters, nodes, namespaces, workloads, pods",
        bar=2,
    ),
    action("metrics.level_before", "shift+tab", "screen.next_level(-1)", "level before", "The level before"),
    action(
        "metrics.pressure",
        "z",
        "screen.aspect('pressure')",
        "pressure",
        "Only what is near a limit, was killed for its memory, or runs short; again for all",
        bar=41,
    ),
    action(
        "metrics.waste",
        "x",
        "screen.aspect('waste')",
        "waste",
        "What was asked for and not used, most of it first; again for all",
        bar=42,
    ),
    action("metrics.pause", "f", "screen.pause", "pause", "Hold the numbers still; again: follow", bar=43),
    action(
        "metrics.objects",
        "m",
        "screen.inside",
        "inside",
        "What this row is the sum of: a cluster's nodes, a namespace's workloads, a workload's pods",
        bar=3,
    ),
    action("metrics.filter", "/", "screen.filter", "filter", "Keep the rows whose text matches", bar=91),
)
