"""From what the vault holds to the members of a fleet."""

from __future__ import annotations

from backend.fleet.member import Member
from backend.fleet.registry.approvals import approved
from backend.fleet.registry.record import ClusterRecord
from backend.fleet.registry.store import Registry
from backend.kube.access import ClusterAccess
from backend.vault import Vault


def members(vault: Vault) -> list[Member]:
    """The clusters of an unlocked vault, by name, with the approvals that still hold. Raises VaultLocked."""
    registry = Registry(vault)
    trusted = registry.approvals()
    return [
        _member(known.id, known.record, approved(known.record.access(known.id), trusted.get(known.id)))
        for known in registry.known()
    ]


def _member(cluster_id: str, record: ClusterRecord, access: ClusterAccess) -> Member:
    source = record.source
    return Member(
        id=cluster_id,
        name=record.name,
        access=access,
        tags=record.tags,
        groups=record.groups,
        protected=record.protected,
        read_only=record.read_only,
        source=source.words,
        namespaces=record.namespaces,
    )
