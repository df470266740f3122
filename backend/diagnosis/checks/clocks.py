"""Each cluster's clock against ours: tokens and certificates are judged by them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from backend.diagnosis.check import Check, Finding, Surroundings, Verdict, fail, ok, warn
from backend.fleet.cluster import Cluster
from backend.kube.errors import KubeError

_SECONDS, _ALTOGETHER = 8.0, 15.0
NOTICED, HARMFUL = 5.0, 120.0
"""Seconds; tokens are usually refused from a few minutes on."""


async def _ask(around: Surroundings) -> Iterable[Finding]:
    """All at once (the fleet's admission spreads the connections); who is late is counted, not waited for."""
    if around.fleet is None or not around.fleet.clusters:
        return []
    asked = [asyncio.create_task(_clock(cluster)) for cluster in around.fleet.clusters]
    done, late = await asyncio.wait(asked, timeout=_ALTOGETHER)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    found = [task.result() for task in asked if task in done]
    rest = [finding for finding in found if finding.verdict is not Verdict.OK]
    if late:
        rest.append(
            warn(
                f"{len(late)} clusters were not reached within {_ALTOGETHER:.0f} seconds.",
                "Look at the fleet's states (S).",
            )
        )
    fine = sum(finding.verdict is Verdict.OK for finding in found)
    return [*rest, ok(f"{fine} of {len(asked)} clusters answer, with clocks like ours")]


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
