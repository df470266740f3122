"""Acts that change an object; each is a file in ``backend/fleet/acts``, and opens the same dialog."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

PREFIX = "act."
"""Before an act's own id (see ``backend.fleet.acts``): ``act.restart``."""


def _act(id: str, keys: str, label: str, tooltip: str, *, bar: int = 0) -> Action:
    return Action(
        f"{PREFIX}{id}",
        keys,
        f"screen.act('{id}')",
        label,
        tooltip,
        scope=Scope.OBJECT,
        bar=bar,
        changes=True,
    )


_rare = partial(_act, keys="")
"""Without a key of its own: in the menu ``!``, in the palette, and for a keymap to give it one."""

ACTIONS = (
    Action(
        "falls",
        "b",
        "screen.falls",
        "all that falls",
        "Everything that stops if this goes, graded, with the reasons",
        scope=Scope.FALLS,
        bar=30,
        palette=False,
    ),
    _act(
        "restart",
        "r",
        "restart",
        "Restart the rollout: its strategy replaces all pods",
        bar=45,
    ),
    _act("scale", "s", "scale", "Change how many pods it runs", bar=46),
    _act("edit", "e", "edit", "Change it as YAML in your editor; tried and shown before it is sent", bar=44),
    _rare("cordon", label="cordon", tooltip="Place no new pods on this node; those there stay"),
    _rare("uncordon", label="uncordon", tooltip="Let pods be placed on this node again"),
    _rare("suspend", label="suspend", tooltip="Start no more runs of this cron job"),
    _rare("resume", label="resume", tooltip="Let this cron job run by its schedule again"),
    _rare("trigger", label="run now", tooltip="One run of this cron job now, beside its schedule"),
    _act("delete", "D", "delete", "Delete, with a preview of what else falls", bar=50),
)
