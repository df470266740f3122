"""A live table of pods as logs need them."""

from __future__ import annotations

from backend.fleet.cluster import Cluster, Target
from backend.fleet.table import LiveTable
from backend.observe.logs.pods import KIND
from backend.resources import registry


class PodTable(LiveTable):
    """Live pods with their containers; the query's kind is ``pods``."""

    async def _resolved(self, cluster: Cluster) -> list[Target]:
        return [Target(resource=KIND.resource, kind=KIND, decoder=registry.struct_decoder(KIND))]
