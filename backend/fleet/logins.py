"""Logging in to clusters: one run of a program for all that share it, one program after the other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from backend.fleet.cluster import Cluster
from backend.kube.access import ExecSpec
from backend.kube.exec_sharing import key
from backend.text import SafeStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """One run of a program, and every cluster that it logs in to."""

    spec: ExecSpec
    clusters: tuple[Cluster, ...]

    @property
    def command(self) -> SafeStr:
        """The command line as one would type it."""
        from backend.fleet.registry.approvals import command_line

        return command_line(self.spec)

    async def run(self) -> None:
        """Let the program ask the person at our terminal, and give all clusters what it got.

        Raises CredentialError.
        """
        for cluster in self.clusters:
            await cluster.log_in()


def logins(clusters: Iterable[Cluster], *, also: Iterable[Cluster] = ()) -> list[Login]:
    """The runs that log in to these clusters, in their order; without those that may run no program.

    ``also``: clusters that a run serves as well if it is one of theirs.
    """
    found: dict[Hashable, dict[str, Cluster]] = {}
    specs: dict[Hashable, ExecSpec] = {}
    for cluster in clusters:
        spec = cluster.member.access.exec
        if spec is not None and spec.approval is not None:
            same = key(spec, cluster.member.access)
            specs[same] = spec
            found.setdefault(same, {})[cluster.id] = cluster
    for cluster in also:
        spec = cluster.member.access.exec
        same = key(spec, cluster.member.access) if spec is not None else None
        if same in found:
            found[same].setdefault(cluster.id, cluster)
    return [Login(spec=specs[same], clusters=tuple(ones.values())) for same, ones in found.items()]
