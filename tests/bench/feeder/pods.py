"""Pods as an API server sends them, some 4 kB of JSON each, made from a template when they are asked for."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass

from tests.real import workload

_PADDING = 16
"""Environment variables of a pod: they bring it to the size of a real one."""
_NODES = 10
_NOISE = 1 << 16
_DIGITS = 24

_NAMESPACES = ("pay", "cart", "search", "media", "batch", "platform")


@dataclass(frozen=True, slots=True)
class Pod:
    """One state of one pod."""

    number: int
    birth: int
    """Counts pods made under this number: another uid, another name."""
    version: int
    restarts: int
    failing: bool

    @property
    def uid(self) -> str:
        return f"{self.birth:08x}-0000-4000-8000-{self.number:012x}"


class Template:
    """Renders pods of one cluster; what a template knows is shared by all states of a pod."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)
        self._noise = f"{chance.getrandbits(4 * _NOISE):0{_NOISE}x}"
        self._owners = [f"{chance.getrandbits(36):09x}" for _ in range(8)]
        manifest = workload.pod(0, "NODE", padding=_PADDING, seed=seed)
        for place, variable in enumerate(manifest["spec"]["containers"][0]["env"]):
            variable["value"] = f"NOISE{place:02d}"
        namespace = "NAMESPACE"
        manifest["metadata"] |= {
            "name": "NAME",
            "namespace": namespace,
            "uid": "UID",
            "resourceVersion": "VERSION",
            "creationTimestamp": "CREATED",
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "OWNER",
                    "uid": "u",
                    "controller": True,
                }
            ],
            "managedFields": [
                {
                    "manager": "kube-controller-manager",
                    "operation": "Update",
                    "apiVersion": "v1",
                    "time": "CREATED",
                    "fieldsType": "FieldsV1",
                    "fieldsV1": {"f:spec": {f"f:field-{n}": {} for n in range(30)}},
                }
            ],
        }
        self._well = self._parts(manifest, number=0)
        self._failing = self._parts(manifest, number=49)

    def _parts(self, manifest: dict[str, object], *, number: int) -> str:
        status = workload.running_status(manifest, number)
        status["podIP"] = "ADDRESS"
        status["podIPs"] = [{"ip": "ADDRESS"}]
        status["containerStatuses"][0]["restartCount"] = "RESTARTS"
        whole = json.dumps({**manifest, "status": status}, separators=(",", ":"))
        whole = whole.replace("%", "%%").replace('"RESTARTS"', "%(restarts)d")
        for word in ("NAMESPACE", "NAME", "UID", "VERSION", "CREATED", "OWNER", "NODE", "ADDRESS"):
            whole = whole.replace(f'"{word}"', f'"%({word.lower()})s"')
        for place in range(_PADDING):
            whole = whole.replace(f"NOISE{place:02d}", f"%(noise{place})s")
        return whole

    def name(self, pod: Pod) -> str:
        owner = self._owners[pod.number % len(self._owners)]
        return f"app-{pod.number % 8}-{owner}-{pod.number:05d}{pod.birth % 100:02d}"

    def render(self, pod: Pod) -> bytes:
        """The object's JSON."""
        number = pod.number
        noise = {
            f"noise{place}": self._noise[at : at + _DIGITS]
            for place in range(_PADDING)
            if (at := (number * 53 + place * 997) % (_NOISE - _DIGITS)) >= 0
        }
        day, second = divmod(number * 977 + pod.birth * 61, 86400)
        clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        text = (self._failing if pod.failing else self._well) % {
            **noise,
            "name": self.name(pod),
            "namespace": _NAMESPACES[number % len(_NAMESPACES)],
            "uid": pod.uid,
            "version": pod.version,
            "created": f"2026-{1 + day % 9:02d}-{1 + number % 28:02d}T{clock}Z",
            "owner": self._owners[number % len(self._owners)],
            "node": f"node-{number % _NODES:03d}",
            "address": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
            "restarts": pod.restarts,
        }
        return text.encode()
