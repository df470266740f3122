"""Volumes and claims: which are lost, which can't be reached, and what of the data remains."""

from __future__ import annotations

from backend.resources.relations import Bond
from backend.topology.blast.effect import Effect, Grade, Harm
from backend.topology.blast.loss import Loss
from backend.topology.node import Node

_CLAIMS, _VOLUMES = "persistentvolumeclaims", "persistentvolumes"


def lost(loss: Loss) -> dict[Node, str]:
    """Claims and volumes that pods can't use any more, and why."""
    found: dict[Node, str] = {}
    for node in loss.gone:
        if node.kind == _CLAIMS:
            if not loss.deleted:
                found[node] = "its data can't be reached"
        elif node.kind == _VOLUMES:
            if not loss.deleted:
                _volume(node, "its volume fails", found)
        elif node.kind == "nodes":
            for volume, relation in node.into.items():
                if volume.kind == _VOLUMES and relation.bond is Bond.HOST:
                    _volume(volume, f"its data is on {node.name} alone", found)
    return found


def _volume(volume: Node, why: str, found: dict[Node, str]) -> None:
    found[volume] = why
    for claim, relation in volume.into.items():
        if claim.kind == _CLAIMS and relation.bond is Bond.NEEDS:
            found.setdefault(claim, why)


def effects(loss: Loss) -> list[Effect]:
    found = [
        Effect(Grade.CERTAIN, Harm.STORAGE, node, "can't be reached", why)
        for node, why in loss.hurt.items()
        if node not in loss.gone
    ]
    for node in loss.gone if loss.deleted else ():
        if node.kind == _CLAIMS:
            found += _deleted_claim(node, loss)
        elif node.kind == _VOLUMES:
            found += _deleted_volume(node, loss)
    return found + _detaching(loss)


def _deleted_claim(claim: Node, loss: Loss) -> list[Effect]:
    """What a deleted claim means for the data behind it, and for the pods that keep it for now."""
    users = [one for one, r in claim.into.items() if one.kind == "pods" and one not in loss.gone]
    found = [
        Effect(
            Grade.LIKELY,
            Harm.START,
            pod,
            "runs on, and does not find its data when it starts again",
            f"its claim {claim.name} is protected until no pod uses it",
        )
        for pod in users
        if loss.is_running(pod)
    ]
    grade = Grade.LIKELY if found else Grade.CERTAIN
    when = "once no pod uses its claim" if found else f"its claim {claim.name} is deleted"
    for volume, relation in claim.out.items():
        if relation.role != "volume" or volume.facts is None or volume in loss.gone:
            continue
        policy = volume.facts.item.spec.persistent_volume_reclaim_policy
        effect = "is deleted with its data" if policy == "Delete" else "is released; its data is kept"
        why = f"{when}; its policy is {policy or 'not known'}"
        found.append(Effect(grade, Harm.STORAGE, volume, effect, why))
    return found


def _deleted_volume(volume: Node, loss: Loss) -> list[Effect]:
    """A volume object that is deleted: protected while it is bound, and its storage is not touched."""
    bound = [o for o, r in volume.into.items() if r.role == "volume" and o not in loss.gone and o.facts]
    if bound:
        why = f"it is bound to {bound[0].namespace}/{bound[0].name}, and protected as long as it is"
        return [Effect(Grade.LIKELY, Harm.STORAGE, volume, "is deleted only when its claim is gone", why)]
    effect = "is forgotten; the storage behind it stays"
    return [Effect(Grade.CERTAIN, Harm.STORAGE, volume, effect, loss.gone[volume] or "no claim holds it")]


def _detaching(loss: Loss) -> list[Effect]:
    """Volumes that hang on a lost node: another node gets them only when they are known to be detached."""
    found = []
    for pod in loss.stopped:
        if not any(other in loss.gone and other.kind == "nodes" for other in pod.out):
            continue
        for claim, relation in pod.out.items():
            if (
                claim.kind == _CLAIMS
                and relation.bond is Bond.NEEDS
                and claim not in loss.hurt
                and claim.facts
            ):
                modes = claim.facts.item.status.access_modes or ()
                if "ReadWriteMany" in modes:
                    continue
                why = f"it is attached to the node of {pod.name}; a lost node is waited for some minutes"
                found.append(
                    Effect(Grade.LIKELY, Harm.STORAGE, claim, "can't be used elsewhere at first", why)
                )
    return list({effect.node: effect for effect in found}.values())
