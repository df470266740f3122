"""A graph told as a tree that is unfolded branch by branch: groups first, objects when they are asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from backend.resources.kind import OK, Health, Verdict
from backend.resources.relations import Bond
from backend.text import safe_text
from backend.topology.branch import RANK, Branch, counted, told, worst_of
from backend.topology.graph import Graph
from backend.topology.groups import GROUPS, group_of
from backend.topology.health import Rollup
from backend.topology.neighbours import Neighbour, above, below, storage_above, storage_below
from backend.topology.node import Node
from backend.topology.scope import kind_word

FEW = 8
"""Objects of one role and kind that stand beside each other; more become one branch."""
WINDOW = 200
"""Objects that one branch unfolds at a time."""
Way = Callable[[Node], list[Neighbour]]
"""Where a tree goes on from an object."""
_up: Way = partial(above, owner=False)


class Outline:
    """Makes branches of a graph's present state."""

    def __init__(self, graph: Graph, rollup: Rollup, names: Mapping[str, str]) -> None:
        """``names``: of clusters, by id."""
        self.graph = graph
        self.rollup = rollup
        self._names = names

    # --- roots

    def fleet(self, clusters: Iterable[str]) -> Branch:
        found = list(clusters)
        return Branch(
            ("fleet",),
            safe_text(f"{len(found)} clusters"),
            worst_of(self.cluster(cluster).verdict for cluster in found),
            open=lambda: [self.cluster(cluster) for cluster in found],
        )

    def cluster(self, cluster: str) -> Branch:
        path = (cluster,)
        unread = self.graph.unread(cluster)
        numbers = self._numbers(cluster, None)
        notes = [str(told(numbers)), f"{len(unread)} kinds not read" if unread else ""]
        return Branch(
            path,
            safe_text(f"cluster {self.name(cluster)}"),
            self._verdict_on(cluster, None, known=bool(numbers) or not unread),
            note=safe_text(", ".join(filter(None, notes))),
            open=lambda: self._inside_cluster(cluster, path),
        )

    def namespace(self, cluster: str, name: str) -> Branch:
        path = (cluster, "namespace", name)
        return Branch(
            path,
            safe_text(f"namespace {name}"),
            self._verdict_on(cluster, name, known=True),
            note=told(self._numbers(cluster, name)),
            node=self.graph.get((cluster, "namespaces", "", name)),
            open=lambda: self._grouped(self._tops(cluster, name), path, inside=name),
        )

    def resource(self, node: Node) -> Branch:
        """One object: what it is made of and needs, and below that what needs it."""
        branch = self.branch(node, ())
        path = branch.path

        def both() -> list[Branch]:
            found = self._branches(below(node), path, inside=node.namespace)
            needing = above(node)
            if not found:
                return self._branches(needing, path, way=_up, inside=node.namespace)
            if needing:
                section = (*path, "needed by")
                found.append(
                    Branch(
                        section,
                        safe_text(f"needed by {len(needing):,}"),
                        worst_of(self.rollup.of(one.node) for one in needing),
                        open=lambda: self._branches(needing, section, way=_up, inside=node.namespace),
                    )
                )
            return found

        branch.open = both
        return branch

    def application(self, name: str, clusters: Iterable[str]) -> Branch:
        """All that is part of an application, cluster by cluster."""
        found = {cluster: self.members(cluster, name) for cluster in clusters}
        path = ("application", name)
        where = [cluster for cluster, nodes in found.items() if nodes]
        number = sum(map(len, found.values()))
        note = f"{number:,} objects in {_clusters(len(where))}" if number else "nothing says it is part of it"
        return Branch(
            path,
            safe_text(f"application {name}"),
            worst_of(self.rollup.of(node) for nodes in found.values() for node in nodes),
            note=safe_text(note),
            open=lambda: [self._part(path, cluster, found[cluster]) for cluster in where],
        )

    def storage(self, cluster: str) -> Branch:
        """From the classes of storage down to the pods that write, and their nodes."""
        path = (cluster, "storage")
        graph = self.graph
        found = [Neighbour("", node) for node in graph.of_kind(cluster, "storageclasses.storage.k8s.io")]
        found += [
            Neighbour("", node)
            for node in graph.of_kind(cluster, "persistentvolumes")
            if not any(relation.role == "class" for relation in node.out.values())
        ]
        return Branch(
            path,
            safe_text(f"storage of {self.name(cluster)}"),
            worst_of(self.rollup.of(one.node) for one in found),
            open=lambda: self._branches(found, path, way=storage_below),
        )

    def storage_path(self, node: Node) -> Branch:
        """One thing of storage: what it lies on, down to the driver; and who uses it, down to the nodes."""
        branch = self.branch(node, ("storage",), way=storage_below)
        lies, path = storage_above(node), branch.path
        branch.open = lambda: [
            *self._branches(lies, (*path, "lies on"), way=storage_above),
            *self._branches(storage_below(node), path, way=storage_below),
        ]
        return branch

    def applications(self, cluster: str) -> list[str]:
        """Names of the applications that a cluster's objects say they are part of."""
        return sorted({node.app for node in self.graph.present() if node.cluster == cluster and node.app})

    def members(self, cluster: str, name: str) -> list[Node]:
        """Parts of an application that no other part owns."""
        parts = [n for n in self.graph.present() if n.cluster == cluster and n.app == name]
        inside = set(parts)
        return [n for n in parts if not any(r.bond is Bond.OWNER and o in inside for o, r in n.out.items())]

    # --- inside

    def branch(
        self, node: Node, upon: tuple[str, ...], *, role: str = "", way: Way = below, inside: str = ""
    ) -> Branch:
        """``upon``: the path of the branch above; ``inside``: the namespace that goes without saying."""
        key = "/".join(node.key)
        path = (*upon, key)
        seen = key in upon
        around = [] if seen else way(node)
        place = f"{node.namespace}/" if node.namespace and node.namespace != inside else ""
        return Branch(
            path,
            safe_text(f"{kind_word(node.kind)} {place}{node.name}", limit=300),
            self.rollup.of(node),
            role=safe_text(role),
            note=safe_text("it is above" if seen else ""),
            node=node,
            open=(lambda: self._branches(around, path, way=way, inside=inside or node.namespace))
            if around
            else None,
        )

    def _part(self, above: tuple[str, ...], cluster: str, nodes: list[Node]) -> Branch:
        path = (*above, cluster)
        return Branch(
            path,
            safe_text(f"cluster {self.name(cluster)}"),
            worst_of(self.rollup.of(node) for node in nodes),
            note=told(Counter(node.kind for node in nodes)),
            open=lambda: self._grouped(nodes, path),
        )

    def _inside_cluster(self, cluster: str, path: tuple[str, ...]) -> list[Branch]:
        graph = self.graph
        names = {place for (owner, place, _), n in graph.sizes.items() if owner == cluster and place and n}
        names |= {node.name for node in graph.of_kind(cluster, "namespaces")}
        around = [
            node
            for kind in graph.kinds(cluster)
            if kind != "namespaces"
            for node in graph.of_kind(cluster, kind)
            if not node.namespace
        ]
        found = [self.namespace(cluster, name) for name in sorted(names)]
        found += self._grouped(around, path)
        missing = [n for n in graph.spoken_of if n.cluster == cluster and n.verdict.health.problem]
        if missing:
            title = f"{len(missing):,} missing, and named by others"
            found.append(self._many((*path, "missing"), "", title, missing, way=_up))
        for kind, covered in graph.unread(cluster):
            verdict = Verdict(Health.UNKNOWN, covered.why or "not known yet")
            found.append(Branch((*path, "unread", kind), safe_text(f"{kind} not read"), verdict))
        return found

    def _tops(self, cluster: str, namespace: str) -> list[Node]:
        """What stands in a namespace by itself: nothing there owns it. What others miss there, too."""
        graph = self.graph
        found = [
            node
            for kind in graph.kinds(cluster)
            for node in graph.of_kind(cluster, kind)
            if node.namespace == namespace and not _owned(node)
        ]
        found += [
            node
            for node in graph.spoken_of
            if node.key[0] == cluster and node.namespace == namespace and graph.was_asked(cluster, node.kind)
        ]
        return found

    def _grouped(self, nodes: list[Node], path: tuple[str, ...], *, inside: str = "") -> list[Branch]:
        """By what they are for: control, network, configuration, storage, identity."""
        found: dict[str, list[Node]] = {}
        for node in nodes:
            found.setdefault(group_of(node.kind), []).append(node)
        return [
            self._group(name, found[name], (*path, name), inside=inside) for name in GROUPS if name in found
        ]

    def _group(self, name: str, nodes: list[Node], path: tuple[str, ...], *, inside: str) -> Branch:
        return Branch(
            path,
            safe_text(name),
            worst_of(self.rollup.of(node) for node in nodes),
            note=told(Counter(node.kind for node in nodes)),
            open=lambda: self._branches([Neighbour("", node) for node in nodes], path, inside=inside),
        )

    def _branches(
        self, found: list[Neighbour], path: tuple[str, ...], *, way: Way = below, inside: str = ""
    ) -> list[Branch]:
        """Few of a role and kind side by side, many under one branch."""
        kinds: dict[tuple[str, str], list[Node]] = {}
        for one in found:
            kinds.setdefault((one.role, one.node.kind), []).append(one.node)
        branches: list[Branch] = []
        for (role, kind), nodes in kinds.items():
            if len(nodes) > FEW:
                title = counted(len(nodes), kind)
                branches.append(self._many((*path, role, kind), role, title, nodes, way=way, inside=inside))
                continue
            for node in sorted(nodes, key=lambda node: node.key):
                branches.append(self.branch(node, path, role=role, way=way, inside=inside))
        return branches

    def _many(
        self,
        path: tuple[str, ...],
        role: str,
        title: str,
        nodes: list[Node],
        *,
        way: Way,
        inside: str = "",
    ) -> Branch:
        """Many objects under one branch, the worst first, a window of them at a time."""
        numbers = Counter(self.rollup.of(node).health for node in nodes)
        ill = [f"{numbers[health]:,} {health.value}" for health in Health if numbers[health]]

        def window(start: int) -> list[Branch]:
            ordered = sorted(nodes, key=lambda node: (RANK[self.rollup.of(node).health], node.key))
            shown = ordered[start : start + WINDOW]
            branches = [self.branch(node, path, way=way, inside=inside) for node in shown]
            left = len(ordered) - start - WINDOW
            if left > 0:
                more = Branch((*path, f"from {start + WINDOW}"), safe_text(f"{left:,} more"))
                more.open = lambda: window(start + WINDOW)
                branches.append(more)
            return branches

        return Branch(
            path,
            safe_text(title),
            worst_of(self.rollup.of(node) for node in nodes),
            role=safe_text(role),
            note=safe_text(", ".join(ill)),
            open=lambda: window(0),
        )

    # --- what is told

    def name(self, cluster: str) -> str:
        """Of a cluster, by id."""
        return self._names.get(cluster, cluster)

    def _numbers(self, cluster: str, namespace: str | None) -> Counter[str]:
        found: Counter[str] = Counter()
        for (owner, place, kind), number in self.graph.sizes.items():
            if owner == cluster and namespace in (None, place) and number:
                found[kind] += number
        return found

    def _verdict_on(self, cluster: str, namespace: str | None, *, known: bool) -> Verdict:
        """The worst of what is inside, with how many are how ill."""
        if not known:
            why = next((covered.why for _, covered in self.graph.unread(cluster) if covered.why), "not read")
            return Verdict(Health.UNKNOWN, why)
        ill = self.rollup.troubled(cluster, namespace)
        found = [health for health in (Health.FAILING, Health.WARNING) if ill[health]]
        return Verdict(found[0], ", ".join(f"{ill[h]:,} {h.value}" for h in found)) if found else OK


def _owned(node: Node) -> bool:
    return any(r.bond is Bond.OWNER and other.facts is not None for other, r in node.out.items())


def _clusters(number: int) -> str:
    return "1 cluster" if number == 1 else f"{number} clusters"
