"""Each cluster's clock against ours: tokens and certificates are judged by them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from backend.diagnosis.check import Check, Finding, Surroundings, fail, ok, warn
from backend.fleet.cluster import Cluster
from backend.kube.errors import KubeError

_AT_ONCE = 8
_SECONDS = 8.0
NOTICED, HARMFUL = 5.0, 120.0
"""Seconds; tokens are usually refused from a few minutes on."""


async def _ask(around: Surroundings) -> Iterable[Finding]:
    if around.fleet is None:
        return []
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(cluster: Cluster) -> Finding:
        async with places:
            return await _clock(cluster)

    found = await asyncio.gather(*(one(cluster) for cluster in around.fleet.clusters))
    fine = sum(1 for finding in found if finding.verdict == "ok")
    rest = [finding for finding in found if finding.verdict != "ok"]
    return [*rest, ok(f"{fine} of {len(found)} clusters answer, with clocks like ours")] if found else []


async def _clock(cluster: Cluster) -> Finding:
    try:
        async with asyncio.timeout(_SECONDS):
            await cluster.client.version()
    except TimeoutError:
        return warn(
            f"{cluster.name}: no answer within {_SECONDS:.0f} seconds.",
            "Check the network, VPN or proxy.",
            cluster=cluster.id,
        )
    except KubeError as error:
        return warn(f"{cluster.name}: {error.sentence}", error.advice, cluster=cluster.id)
    skew = cluster.clock_skew
    said = f"{cluster.name}: its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours."
    if abs(skew) >= HARMFUL:
        return fail(said, "Set the clocks (NTP): tokens and certificates may be refused.", cluster=cluster.id)
    if abs(skew) >= NOTICED:
        return warn(said, "Set the clocks (NTP).", cluster=cluster.id)
    return ok(said)


CHECK = Check(title="Clusters' clocks", ask=_ask)
