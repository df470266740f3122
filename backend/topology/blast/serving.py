"""Services with few or no endpoints left, and what depends on those: hosts, admission, aggregated APIs."""

from __future__ import annotations

from backend.resources.relations import Bond
from backend.topology.blast.effect import Effect, Grade, Harm
from backend.topology.blast.loss import Loss
from backend.topology.node import Node
from backend.topology.scope import kind_word

_ROUTING = ("ingresses.networking.k8s.io", "httproutes.", "grpcroutes.", "tlsroutes.", "tcproutes.")
_CALLING = ("validatingwebhook", "mutatingwebhook", "apiservices.", "customresourcedefinitions.")


def endpoints(service: Node) -> dict[Node, None]:
    """The pods behind a service: those it selects, or those that its slices name."""
    found = {pod: None for pod, relation in service.out.items() if relation.bond is Bond.PARTS}
    if not found:
        for slice_, relation in service.into.items():
            if relation.role == "endpoints of" or relation.bond is Bond.OWNER:
                found.update({pod: None for pod, r in slice_.out.items() if r.role == "endpoint"})
    return found


def effects(loss: Loss) -> list[Effect]:
    found: list[Effect] = []
    dark: dict[Node, str] = {}
    for service in _touched(loss):
        if service in loss.gone:
            dark[service] = f"Service {service.name} is gone"
            continue
        pods = [pod for pod in endpoints(service) if loss.is_ready(pod)]
        left = [pod for pod in pods if pod not in loss.stopped]
        if len(left) == len(pods):
            continue
        if not left:
            why = "its only ready pod stops" if len(pods) == 1 else f"all its {len(pods)} ready pods stop"
            dark[service] = f"Service {service.name} has no endpoints left"
            found.append(Effect(Grade.CERTAIN, Harm.SERVICE, service, "no endpoints left", why))
        else:
            effect = f"{len(left)} of {len(pods)} endpoints left"
            found.append(Effect(Grade.CERTAIN, Harm.FEW, service, effect, "the others stop"))
    for service, why in dark.items():
        found += _resting_on(service, why, loss)
    return found + _lost_entries(loss)


def _touched(loss: Loss) -> dict[Node, None]:
    """Services that lose something: themselves, or a pod."""
    found = {node: None for node in loss.gone if node.kind == "services"}
    for pod in loss.stopped:
        for holder, relation in pod.into.items():
            if holder.kind == "services" and relation.bond is Bond.PARTS:
                found[holder] = None
            elif relation.role == "endpoint":
                found.update(
                    {one: None for one, r in holder.out.items() if one.kind == "services" and one.facts}
                )
    return found


def _resting_on(service: Node, why: str, loss: Loss) -> list[Effect]:
    found = []
    for holder, relation in service.into.items():
        if holder in loss.gone or holder.facts is None:
            continue
        if holder.kind.startswith(_ROUTING) and relation.bond is Bond.PARTS:
            hosts = _hosts(holder, service.name)
            found.append(Effect(Grade.CERTAIN, Harm.DARK, holder, f"{hosts} answers no more", why))
        elif holder.kind.startswith(_CALLING):
            found.append(_call(holder, why, certain=relation.bond is Bond.NEEDS))
        elif holder.kind == "statefulsets.apps" and service in loss.gone:
            effect = "its pods lose their names in DNS"
            found.append(Effect(Grade.CERTAIN, Harm.FEW, holder, effect, why))
    return found


def _call(holder: Node, why: str, *, certain: bool) -> Effect:
    word = kind_word(holder.kind)
    if not certain:
        return Effect(Grade.POSSIBLE, Harm.CALLS, holder, "is skipped: requests pass unjudged", why)
    if word == "APIService":
        return Effect(Grade.CERTAIN, Harm.CALLS, holder, "its API is not served", why)
    if word == "CustomResourceDefinition":
        return Effect(Grade.LIKELY, Harm.CALLS, holder, "its other versions can't be converted", why)
    return Effect(Grade.CERTAIN, Harm.CALLS, holder, "the requests that it judges are refused", why)


def _lost_entries(loss: Loss) -> list[Effect]:
    """Entries that are deleted themselves."""
    found = []
    for node in loss.gone:
        if node.kind.startswith(_ROUTING):
            why = loss.gone[node] or "it is deleted"
            found.append(Effect(Grade.CERTAIN, Harm.DARK, node, f"{_hosts(node, None)} answers no more", why))
    return found


def _hosts(node: Node, service: str | None) -> str:
    hosts = node.facts.hosts if node.facts is not None else ()
    names = dict.fromkeys(host for to, each in hosts if service in (None, to) for host in each)
    shown = [("every other host" if host == "*" else host) for host in names]
    if len(shown) > 4:
        return f"{', '.join(shown[:4])} and {len(shown) - 4} more hosts"
    return ", ".join(shown) or "its traffic"
