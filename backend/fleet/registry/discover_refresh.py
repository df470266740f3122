"""Clusters that came from ClusterProfiles, compared with what their hubs say now; removed ones are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from backend.fleet.fleet import Fleet
from backend.fleet.registry.discover import Hub, ask_hubs, review_profiles
from backend.fleet.registry.discover_providers import Provider
from backend.fleet.registry.refresh import Refreshed, compared
from backend.fleet.registry.store import Known
from backend.text import safe_text


async def refresh_profiles(
    fleet: Fleet, known: Sequence[Known], providers: Mapping[str, Provider], *, timeout: float = 30.0
) -> list[Refreshed]:
    """One result for each of these clusters, all of which have a hub; nothing is changed yet."""
    members = {member.id for member in fleet.members}
    wanted = dict.fromkeys(one.record.source.hub for one in known)
    hubs = await ask_hubs([fleet.cluster(hub) for hub in wanted if hub in members], timeout=timeout)
    by_id = {hub.cluster.id: hub for hub in hubs}
    return [_one(one, by_id.get(one.record.source.hub), providers, known) for one in known]


def _one(one: Known, hub: Hub | None, providers: Mapping[str, Provider], known: Sequence[Known]) -> Refreshed:
    source = one.record.source
    if hub is None:
        return _trouble(one, f"The hub that it came from ({source.context}) is no longer in the vault.")
    name = hub.cluster.name
    if hub.error is not None:
        return _trouble(one, f"Its hub {name} can't be asked: {hub.error.sentence}")
    if not hub.serves:
        return _trouble(one, f"Its hub {name} has no ClusterProfiles any more.")
    if all(profile.key != source.profile for profile in hub.profiles):
        return _trouble(
            one,
            f"Its ClusterProfile {source.profile} is gone from {name}: the cluster was taken out of that "
            "inventory, and may be gone too.",
        )
    mine = Hub(
        cluster=hub.cluster,
        profiles=tuple(profile for profile in hub.profiles if profile.key == source.profile),
    )
    reviewed = review_profiles([mine], providers, known=[(k.id, k.record) for k in known])
    if not reviewed.candidates:
        return _trouble(one, reviewed.problems[0].sentence)
    return compared(one, reviewed.candidates[0])


def _trouble(one: Known, sentence: object) -> Refreshed:
    return Refreshed(known=one, trouble=safe_text(sentence, limit=500))
