"""Nodes."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.workload import Condition, condition, said

_ROLE_PREFIX = "node-role.kubernetes.io/"
_ROLE_LABEL = "kubernetes.io/role"
_PRESSURES = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


class NodeSpec(msgspec.Struct, frozen=True, gc=False):
    unschedulable: bool = False


class NodeAddress(msgspec.Struct, frozen=True, gc=False):
    type: str = ""
    address: str = ""


class NodeInfo(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    kubelet_version: str = ""
    os_image: str = ""
    kernel_version: str = ""
    container_runtime_version: str = ""


class NodeStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    conditions: list[Condition] | None = None
    addresses: list[NodeAddress] | None = None
    node_info: NodeInfo = NodeInfo()
    allocatable: dict[str, str] | None = None


class Node(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    spec: NodeSpec = NodeSpec()
    status: NodeStatus = NodeStatus()


def _status(node: Node) -> str:
    ready = condition(node.status.conditions, "Ready")
    words = ["Unknown" if ready is None else "Ready" if ready.status == "True" else "NotReady"]
    if node.spec.unschedulable:
        words.append("SchedulingDisabled")
    return ",".join(words)


def is_ready(node: Node) -> bool:
    """Whether its kubelet says so; a cordoned node may be."""
    ready = condition(node.status.conditions, "Ready")
    return ready is not None and ready.status == "True"


def _roles(node: Node) -> str:
    roles = set()
    for key, value in (node.metadata.labels or {}).items():
        if key.startswith(_ROLE_PREFIX):
            roles.add(key.removeprefix(_ROLE_PREFIX))
        elif key == _ROLE_LABEL:
            roles.add(value)
    return ",".join(sorted(roles - {""})) or "<none>"


def _address(node: Node, type_: str) -> str:
    return next((found.address for found in node.status.addresses or () if found.type == type_), "<none>")


def _assess(node: Node) -> Verdict:
    ready = condition(node.status.conditions, "Ready")
    if ready is None:
        return Verdict(Health.UNKNOWN, "no Ready condition")
    if ready.status != "True":
        return Verdict(Health.FAILING, said(ready))
    for pressure in _PRESSURES:
        found = condition(node.status.conditions, pressure)
        if found is not None and found.status == "True":
            return Verdict(Health.WARNING, said(found) or pressure)
    return Verdict(Health.WARNING, "scheduling disabled") if node.spec.unschedulable else OK


KIND = Kind(
    resource=api_resource("v1", "Node", "nodes", "no", namespaced=False),
    wire=Node,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("STATUS", _status, priority=0),
        computed_column("ROLES", _roles),
        age_column(),
        text_column("VERSION", "status.node_info.kubelet_version", priority=2),
        computed_column("INTERNAL-IP", lambda node: _address(node, "InternalIP"), wide=True, priority=3),
        computed_column("EXTERNAL-IP", lambda node: _address(node, "ExternalIP"), wide=True, priority=4),
        text_column("OS-IMAGE", "status.node_info.os_image", none="<unknown>", wide=True, priority=4),
        text_column(
            "KERNEL-VERSION", "status.node_info.kernel_version", none="<unknown>", wide=True, priority=5
        ),
        text_column(
            "CONTAINER-RUNTIME",
            "status.node_info.container_runtime_version",
            none="<unknown>",
            wide=True,
            priority=5,
        ),
    ),
)
