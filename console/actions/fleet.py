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
    action(
        "fleet.facts",
        "d",
        "screen.facts",
        "facts",
        "All that is known of this cluster: versions, load, expiry, and how old each is",
        bar=2,
    ),
    action(
        "fleet.topology",
        "t",
        "screen.topology",
        "topology",
        "How things on this cluster hang together: namespaces, nodes, storage, what is missing",
        bar=8,
    ),
    action(
        "fleet.metrics",
        "m",
        "screen.metrics",
        "metrics",
        "How much this cluster uses: charts, waste, pressure",
        bar=3,
    ),
    action(
        "fleet.blast",
        "b",
        "screen.blast",
        "blast",
        "What stops if this cluster goes",
        bar=9,
    ),
    action(
        "fleet.marks",
        "e",
        "screen.marks",
        "tags",
        "Tags, groups, protection and read-only of the marked clusters",
        bar=21,
    ),
    action(
        "fleet.filter",
        "/",
        "screen.filter",
        "filter",
        "Keep the clusters that match: a name, a state, #tag, @group, a version",
        bar=91,
    ),
    action(
        "fleet.problems",
        "z",
        "screen.problems",
        "problems",
        "Only clusters that need somebody; again for all",
        bar=41,
    ),
)
