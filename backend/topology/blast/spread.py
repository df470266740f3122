"""How a loss spreads: what is deleted with it, which pods stop, and what rests on those.

Every step names its reason. Nothing is asked of a server; the graph says how much of it is known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from backend.resources.relations import Bond
from backend.topology.blast import claims, jobs, serving, workloads
from backend.topology.blast.effect import Blast, Effect, Grade, Harm
from backend.topology.blast.loss import Loss
from backend.topology.graph import Graph
from backend.topology.neighbours import owned_by
from backend.topology.node import Node
from backend.topology.scope import kind_word

_CONTROL_PLANE = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")


def blast_of(graph: Graph, gone: Iterable[Node], *, deleted: bool = True) -> Blast:
    """What stops if these objects are deleted; not ``deleted``: if they fail (nodes, volumes, claims)."""
    found = list(gone)
    loss = Loss(graph, found, deleted=deleted)
    _cascade(loss)
    _stop(loss)
    blast = Blast(found)
    of_others = (serving.effects, workloads.effects, claims.effects, jobs.effects)
    for part in (_plane, *of_others, _starts, _pods, _rest):
        blast.effects += part(loss)
    blast.sort()
    blast.unknown = [
        (kind, covered.why)
        for cluster in dict.fromkeys(node.cluster for node in found)
        for kind, covered in graph.unread(cluster)
    ]
    return blast


def _cascade(loss: Loss) -> None:
    """What is deleted with it: what it owns, and what lives inside it."""
    graph = loss.graph
    for node in loss.targets:
        loss.lose(node, "")
        if node.kind == "namespaces":
            for kind in graph.kinds(node.cluster):
                for one in graph.of_kind(node.cluster, kind):
                    if one.namespace == node.name:
                        loss.lose(one, f"it is in namespace {node.name}")
        elif node.kind == "customresourcedefinitions.apiextensions.k8s.io":
            for one in graph.of_kind(node.cluster, node.name):
                loss.lose(one, "its kind is no longer served")
    for node in list(loss.gone):
        if node.kind == "nodes":
            continue  # what a node owns (its mirror pods) stops with it, see below
        for one in owned_by(node):
            if one is not node and not _has_another_owner(one, loss):
                loss.lose(one, f"{kind_word(node.kind)} {node.name} owns it")


def _has_another_owner(node: Node, loss: Loss) -> bool:
    """The garbage collector spares what another living object owns too."""
    owners = [o for o, r in node.out.items() if r.bond is Bond.OWNER and o.facts is not None]
    return len(owners) > 1 and any(owner not in loss.gone for owner in owners)


def _stop(loss: Loss) -> None:
    """Which pods stop: those that are deleted, those on a lost node, those whose volume is lost."""
    for node in list(loss.gone):
        if node.kind == "pods":
            loss.stop(node, loss.gone[node] or "it is deleted")
        elif node.kind == "nodes":
            for one, relation in node.into.items():
                if relation.bond is Bond.HOST and one.kind == "pods":
                    loss.stop(one, f"it runs on {node.name}")
    for volume, why in claims.lost(loss).items():
        loss.hurt[volume] = why
    for claim, why in list(loss.hurt.items()):
        for one, relation in claim.into.items():
            if one.kind == "pods" and relation.bond is Bond.NEEDS:
                loss.stop(one, f"it needs {kind_word(claim.kind)} {claim.name}: {why}")


def _plane(loss: Loss) -> list[Effect]:
    return [
        Effect(
            Grade.LIKELY,
            Harm.PLANE,
            node,
            "the cluster's API may stop answering",
            "it is a node of the control plane",
        )
        for node in loss.gone
        if node.kind == "nodes" and any(label in node.labels for label in _CONTROL_PLANE)
    ]


def _starts(loss: Loss) -> list[Effect]:
    """What runs on, and will not start again: it needs what is gone only then. One line for each workload."""
    needing: defaultdict[Node, dict[Node, bool]] = defaultdict(dict)
    for node in loss.gone:
        for one, relation in node.into.items():
            if relation.bond is Bond.START and one not in loss.gone and one not in loss.stopped:
                top = loss.controller(one)
                needing[node][top] = needing[node].get(top, True) and relation.optional
    found = []
    for node, users in needing.items():
        for one, optional in users.items():
            what = f"{kind_word(node.kind)} {node.name}"
            if one.kind.startswith("ingresses") or one.kind.startswith("gateways"):
                found.append(_start(one, Grade.LIKELY, "serves without its certificate", f"{what} is gone"))
            elif node.kind == "serviceaccounts":
                found.append(_start(one, Grade.CERTAIN, "no new pods can be made", f"{what} is gone"))
            elif node.kind in ("storageclasses.storage.k8s.io", "csidrivers.storage.k8s.io"):
                why = f"{what} is gone; volumes that exist stay"
                found.append(_start(one, Grade.POSSIBLE, "gets no new volumes", why))
            elif optional:
                found.append(_start(one, Grade.POSSIBLE, "starts without it from now on", f"{what} is gone"))
            else:
                why = f"{what} is gone; what runs, runs on until it is restarted"
                found.append(_start(one, Grade.LIKELY, "does not start again", why))
    return found


def _start(node: Node, grade: Grade, effect: str, why: str) -> Effect:
    return Effect(grade, Harm.START, node, effect, why)


def _pods(loss: Loss) -> list[Effect]:
    """Every pod that stops, by name, and what becomes of it."""
    return [
        Effect(Grade.CERTAIN, Harm.POD, pod, "stops", "; ".join(filter(None, (why, loss.fate(pod)))))
        for pod, why in loss.stopped.items()
        if loss.is_running(pod)
    ]


def _rest(loss: Loss) -> list[Effect]:
    """What else is deleted, and what else speaks of it."""
    found = [
        Effect(Grade.CERTAIN, Harm.GONE, node, "is deleted", why)
        for node, why in loss.gone.items()
        if why and node.kind not in ("pods", "endpointslices.discovery.k8s.io")
    ]
    for node in loss.targets:
        what = f"{kind_word(node.kind)} {node.name}"
        if node.kind == "horizontalpodautoscalers.autoscaling":
            found += [
                Effect(Grade.CERTAIN, Harm.OTHER, o, "is no longer scaled by load", f"{what} is gone")
                for o, r in node.out.items()
                if r.role == "scales" and o not in loss.gone
            ]
        elif node.kind == "poddisruptionbudgets.policy":
            guarded = dict.fromkeys(loss.controller(o) for o, r in node.out.items() if r.role == "guards")
            found += [
                Effect(Grade.POSSIBLE, Harm.OTHER, o, "drains may stop all of it at once", f"{what} is gone")
                for o in guarded
                if o not in loss.gone
            ]
        elif node.kind == "networkpolicies.networking.k8s.io":
            policed = dict.fromkeys(loss.controller(o) for o, r in node.out.items() if r.role == "applies to")
            found += [
                Effect(Grade.POSSIBLE, Harm.OTHER, o, "lets other traffic in or out", f"{what} is gone")
                for o in policed
                if o not in loss.gone
            ]
        elif node.kind.startswith(("roles.", "clusterroles.", "rolebindings.", "clusterrolebindings.")):
            found += _rights(node, loss)
    return found


def _rights(node: Node, loss: Loss) -> list[Effect]:
    bindings = (
        [node] if "bindings." in node.kind else [one for one, r in node.into.items() if r.role == "role"]
    )
    accounts = {o for b in bindings for o, r in b.out.items() if r.role == "subject"}
    what = f"{kind_word(node.kind)} {node.name}"
    return [
        Effect(Grade.CERTAIN, Harm.OTHER, one, "loses the rights that it gave", f"{what} is gone")
        for one in (*(b for b in bindings if b is not node), *accounts)
        if one not in loss.gone
    ]
