"""Priority classes."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    Kind,
    age_column,
    api_resource,
    flag_column,
    name_column,
    number_column,
    text_column,
)


class PriorityClass(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    metadata: ObjectMeta = ObjectMeta()
    value: int = 0
    global_default: bool = False
    preemption_policy: str = ""


KIND = Kind(
    resource=api_resource("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc", namespaced=False),
    wire=PriorityClass,
    columns=(
        name_column(),
        number_column("VALUE", lambda found: found.value, priority=0),
        flag_column("GLOBAL-DEFAULT", lambda found: found.global_default),
        age_column(),
        text_column("PREEMPTIONPOLICY", "preemption_policy", priority=3),
    ),
)
