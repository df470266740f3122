"""Scale: how many pods a workload runs, through its ``scale`` subresource, as kubectl does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

import msgspec

from backend.fleet.acts.act import Act, Already, Obj, Plan, Question, Refused, sentences, spec_of
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found
from backend.kube.errors import BadResponse, KubeError
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.text import safe_text

_BUILT_IN = frozenset({"deployments.apps", "statefulsets.apps", "replicasets.apps", "replicationcontrollers"})
MOST = 10_000
"""Nobody means more; a stuck key does."""
_scale = msgspec.json.Decoder(dict[str, Any])


def _unfit(resource: ApiResource) -> str:
    fits = resource.full_name in _BUILT_IN or "scale" in resource.subresources
    return "" if fits else "this kind can't be scaled"


async def _draw_up(found: Found, answer: str) -> Plan:
    wanted = _number(answer)
    scale = await _read_scale(found)
    now, running = spec_of(scale).get("replicas") or 0, (scale.get("status") or {}).get("replicas") or 0
    if wanted == now:
        raise Already(f"{found.place} is scaled to {now} already")
    warnings = [warning async for warning in _autoscalers(found, wanted)]
    return Plan(
        act="scale",
        found=found,
        step=Patch(change={"spec": {"replicas": wanted}}, subresource="scale"),
        effect=safe_text(f"{now} → {wanted} replicas{'' if running == now else f' ({running} running now)'}"),
        done=safe_text(f"scaled to {wanted}"),
        basis=lambda obj: spec_of(obj).get("replicas"),
        achieved=lambda answer: (spec_of(answer).get("replicas") or 0) == wanted,
        warnings=sentences(*warnings, *_last_words(found, wanted)),
    )


def _number(answer: str) -> int:
    if not answer.strip().isdecimal() or int(answer) > MOST:
        raise Refused(f"{answer!r} is no number of replicas", advice=f"A whole number from 0 to {MOST:,}.")
    return int(answer)


async def _read_scale(found: Found) -> Obj:
    body = await found.cluster.client.get(
        found.resource, found.name, namespace=found.namespace or None, subresource="scale"
    )
    try:
        return _scale.decode(body)
    except msgspec.MsgspecError as error:
        raise BadResponse(
            found.cluster.name, f"the scale of {found.name} can't be read", detail=error
        ) from None


async def _autoscalers(found: Found, wanted: int) -> AsyncIterator[str]:
    """What would change the number back; one that can't be asked for is no reason not to scale."""
    kind = registry.builtin("horizontalpodautoscalers")
    assert kind is not None
    decoder = registry.struct_decoder(kind)
    pages = found.cluster.client.pages(kind.resource, namespace=found.namespace, accept=decoder.accept)
    try:
        async with aclosing(pages):
            async for body in pages:
                for scaler in decoder.page(body).items:
                    spec: Any = scaler.spec  # type: ignore[attr-defined]
                    target = spec.scale_target_ref
                    if (target.kind, target.name) == (found.resource.kind, found.name):
                        yield _will_interfere(scaler.metadata.name, spec, wanted)
    except KubeError as error:
        yield f"whether an autoscaler sets it too is not known: {error.sentence}"


def _will_interfere(name: str, spec: Any, wanted: int) -> str:
    least = 1 if spec.min_replicas is None else spec.min_replicas
    if wanted == 0:
        return f"autoscaler {name} stops working while it is scaled to 0"
    if least <= wanted <= spec.max_replicas:
        return f"autoscaler {name} keeps it between {least} and {spec.max_replicas}, and may change it again"
    return f"autoscaler {name} keeps it between {least} and {spec.max_replicas}: it will change it back"


def _last_words(found: Found, wanted: int) -> Iterable[str]:
    owners = (found.obj.get("metadata") or {}).get("ownerReferences") or ()
    for owner in owners:
        if owner.get("controller"):
            yield f"{owner.get('kind')} {owner.get('name')} owns it and will set the number back"
    if wanted == 0:
        yield "all its pods stop"


ACT = Act(
    "scale",
    "Scale",
    unfit=_unfit,
    draw_up=_draw_up,
    question=Question(
        text="How many replicas?",
        option="--replicas",
        now=lambda obj: str(spec_of(obj).get("replicas", 1)),
    ),
)
