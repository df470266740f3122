"""Keys of the fleet screen."""

from __future__ import annotations

from functools import partial

from console.actions.action import Action, Scope

action = partial(Action, scope=Scope.FLEET)

ACTIONS = (
    action(
        "fleet.import",
        "n",
        "screen.import",
        "add clusters",
        "Import clusters from a kubeconfig, or from ClusterProfiles of hubs, after a review",
        bar=20,
        word="import",
    ),
)
