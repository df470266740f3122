"""Which workload a pod belongs to, from what the pod itself says: no other object has to be read."""

from __future__ import annotations

import re
from typing import NamedTuple

from backend.resources.kinds.pod import Pod

_HASH_LABEL = "pod-template-hash"
_CRON_RUN = re.compile(r"-\d{8,11}\Z", re.ASCII)
"""What the CronJob controller puts behind its name: the scheduled time in minutes since the epoch."""


class Workload(NamedTuple):
    """``kind`` in lower case, as on a command line; a pod of its own is its own workload."""

    kind: str
    name: str


def workload_of(pod: Pod) -> Workload:
    """The topmost controller, as far as names tell: a ReplicaSet's Deployment, a Job's CronJob."""
    meta = pod.metadata
    owner = next((one for one in meta.owner_references or () if one.controller), None)
    if owner is None:
        return Workload("pod", meta.name)
    if owner.kind == "ReplicaSet":
        template = (meta.labels or {}).get(_HASH_LABEL, "")
        if template and owner.name.endswith(f"-{template}"):
            return Workload("deployment", owner.name[: -len(template) - 1])
    elif owner.kind == "Job" and (found := _CRON_RUN.search(owner.name)):
        return Workload("cronjob", owner.name[: found.start()])
    elif owner.kind == "Node":  # a static pod: the kubelet ends its name with the node's
        return Workload("static", meta.name.removesuffix(f"-{owner.name}"))
    return Workload(owner.kind.lower(), owner.name)
