"""What is lost, as far as it has spread: gone objects, stopped pods, hurt storage; each with its reason."""

from __future__ import annotations

from collections.abc import Sequence

from backend.resources.relations import Bond
from backend.topology.graph import Graph
from backend.topology.node import Node
from backend.topology.scope import kind_word


class Loss:
    def __init__(self, graph: Graph, targets: Sequence[Node], *, deleted: bool) -> None:
        self.graph = graph
        self.deleted = deleted
        """They are deleted, not broken: what is in use is protected until it no longer is."""
        self.targets = list(targets)
        self.gone: dict[Node, str] = {}
        """Objects that are deleted or fail, and why; empty for the targets themselves."""
        self.stopped: dict[Node, str] = {}
        """Pods."""
        self.hurt: dict[Node, str] = {}
        """Claims and volumes whose data can't be reached."""
        self.nodes = {node for node in targets if node.kind == "nodes"}

    def lose(self, node: Node, why: str) -> None:
        if node.facts is not None:
            self.gone.setdefault(node, why)

    def stop(self, pod: Node, why: str) -> None:
        if pod.facts is not None:
            self.stopped.setdefault(pod, why)

    def is_running(self, pod: Node) -> bool:
        """Whether it has not ended anyway."""
        return pod.facts is not None and pod.facts.item.phase in ("Running", "Pending", "Unknown", "")

    def is_ready(self, pod: Node) -> bool:
        """Whether traffic is sent to it now."""
        if pod.facts is None:
            return False
        item = pod.facts.item
        return (
            item.phase == "Running"
            and bool(item.containers)
            and item.ready >= item.containers
            and item.metadata.deletion_timestamp is None
        )

    def controller(self, node: Node) -> Node:
        """The outermost owner that is there; the object itself if nothing owns it."""
        seen = {node}
        while True:
            owners = (o for o, r in node.out.items() if r.bond is Bond.OWNER and o.facts is not None)
            owner = next(owners, None)
            if owner is None or owner in seen:
                return node
            seen.add(owner)
            node = owner

    def fate(self, pod: Node) -> str:  # noqa: PLR0911 - by owner
        """What becomes of a pod that stops."""
        owner = next((o for o, r in pod.out.items() if r.bond is Bond.OWNER), None)
        lost = any(one.kind == "nodes" for one in self.gone)
        if owner is None:
            return "nothing makes another one"
        if owner in self.gone or self.controller(pod) in self.gone:
            return ""
        name = f"{kind_word(owner.kind)} {owner.name}"
        if any(claim in self.hurt for claim in pod.out):
            return f"{name} can make another, which waits for the volume"
        match owner.kind:
            case "daemonsets.apps":
                return "it belongs to its node" if lost else f"{name} makes another"
            case "statefulsets.apps" if lost:
                return f"{name} makes it again only when the lost pod is known to be gone"
            case "jobs.batch":
                return f"{name} starts it anew"
            case "nodes":
                return "it belongs to its node"
        return f"{name} makes another" + (" elsewhere, if there is room" if lost else "")
