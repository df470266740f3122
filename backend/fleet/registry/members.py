"""From what the vault (or a file) holds to the members of a fleet."""

from __future__ import annotations

import hashlib
from pathlib import Path

from backend.fleet.member import Member
from backend.fleet.registry.approvals import approved
from backend.fleet.registry.record import ClusterRecord
from backend.fleet.registry.store import Registry
from backend.kube.access import ClusterAccess
from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig import Problem, load
from backend.text import safe_text
from backend.vault import Vault


def members(vault: Vault) -> list[Member]:
    """The clusters of an unlocked vault, by name, with the approvals that still hold. Raises VaultLocked."""
    registry = Registry(vault)
    trusted = registry.approvals()
    return [
        _member(known.id, known.record, approved(known.record.access(known.id), trusted.get(known.id)))
        for known in registry.known()
    ]


def members_of_file(path: Path) -> tuple[list[Member], list[Problem]]:
    """The clusters of a kubeconfig, in memory only, and what of it can't be used.

    Their exec plugins are not approved: that needs a vault to remember it. Raises KubeconfigError when
    nothing of the file can be used.
    """
    config = load(path)
    found, problems = [], list(config.problems)
    for context in config.usable:
        place = f"{path.absolute()}\0{context}".encode("utf-8", "surrogatepass")
        identity = hashlib.sha256(place).hexdigest()[:16]
        try:
            access = config.access(context, read_files=True, id=identity)
        except KubeconfigError as error:
            where = safe_text(f"context {context}")
            problems.append(Problem(where=where, sentence=error.sentence, advice=error.advice))
            continue
        found.append(_in_memory(path, context, access))
    return found, problems


def _in_memory(path: Path, context: str, access: ClusterAccess) -> Member:
    return Member(
        id=access.id,
        name=context,
        access=access,
        source=f"{path}, context {context}",
        namespaces=(access.namespace,) if access.namespace else (),
    )


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
        source=f"{source.path or 'standard input'}, context {source.context}",
        namespaces=record.namespaces,
    )
