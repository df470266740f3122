"""Keys of every main screen: go somewhere, go back, ask for help."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.FRAME)

ACTIONS = (
    action(
        "command",
        ":",
        "screen.command",
        "command",
        "Go anywhere: a kind, clusters, namespaces, labels, a filter",
        bar=90,
        palette=False,
    ),
    action(
        "search",
        "ctrl+g",
        "screen.search",
        "search",
        "Find anything by name, label or image, in all clusters and kinds",
        word="search",
    ),
    action(
        "help",
        "?,f1",
        "screen.help",
        "help",
        "The keys that work here, and what they do",
        bar=93,
        word="help",
    ),
    action(
        "back", "escape,q", "screen.back", "back", "Clear the filter, or go back to the view before", bar=80
    ),
    action("history.back", "[", "screen.history(-1)", "history back", "The view before this one"),
    action("history.forward", "]", "screen.history(1)", "history forward", "The view after this one"),
    action("history.last", "-", "screen.last_view", "last view", "Switch between this view and the last one"),
    action("fleet", "H", "screen.go('fleet')", "fleet", "Home: one row per cluster"),
    action(
        "problems.fleet",
        "Z",
        "screen.go('problems')",
        "all problems",
        "What is failing or warning, in all clusters",
        bar=82,
    ),
    action(
        "journal", "J", "screen.go('journal')", "journal", "What was done through Navarch, by whom, to what"
    ),
    action(
        "topology.fleet",
        "",
        "screen.go('topology')",
        "topology of the fleet",
        "How things hang together, from the clusters down",
    ),
    action(
        "states", "S", "screen.states", "states", "Every cluster's state, its reason and what to do", bar=85
    ),
    action(
        "programs",
        "P",
        "app.programs",
        "programs",
        "Programs that clusters want to run to log in, waiting for your yes",
        bar=83,
        word="programs",
    ),
    action(
        "metrics",
        "",
        "screen.go('metrics')",
        "metrics",
        "What uses most CPU and memory: clusters, nodes, namespaces, workloads, pods",
    ),
    action("messages", "M", "screen.go('messages')", "messages", "What the console said, to be read again"),
    action("error", "E", "screen.error", "error detail", "What went wrong last, in full", bar=84),
    action("settings", "", "screen.go('settings')", "settings", "Every setting, changed in place"),
    action(
        "settings.reload",
        "",
        "app.reload_settings_now",
        "reload settings",
        "Read settings.toml again, and say what of it is not used",
        word="settings reload",
    ),
    action("theme", "T", "screen.theme", "theme", "Choose colours, with live preview", word="theme"),
)
