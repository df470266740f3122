"""Is this still the cluster it was? Noted when it is reached first, compared ever after.

The same idea as SSH's known_hosts: addresses are reused and kubeconfigs exchanged, but a cluster keeps its
certificate authority's key and the uid of its kube-system namespace.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from backend.fleet.registry.record import ClusterRecord, Identity
from backend.fleet.registry.store import Known, Registry
from backend.kube.access import ClusterAccess
from backend.kube.certificates import read_certificates
from backend.kube.errors import ApiError
from backend.kube.objects import ApiResource
from backend.text import SafeStr, safe_text

NAMESPACES = ApiResource(
    group="", version="v1", plural="namespaces", singular="namespace", kind="Namespace", namespaced=False
)


class Getter(Protocol):
    """The one call needed of ``backend.kube.client.Client``."""

    async def get(self, resource: ApiResource, name: str, *, namespace: str | None = None) -> bytes: ...


class _Meta(msgspec.Struct):
    uid: str = ""


class _Namespace(msgspec.Struct):
    metadata: _Meta


async def observe(client: Getter, access: ClusterAccess) -> Identity:
    """What the cluster shows of itself now; a part that it does not let us see is empty.

    Raises the client's errors, but not for a refusal (403, 404).
    """
    try:
        body = await client.get(NAMESPACES, "kube-system")
        uid = msgspec.json.decode(body, type=_Namespace).metadata.uid
    except (ApiError, msgspec.MsgspecError):
        uid = ""
    return Identity(ca_spki=authorities(access), kube_system_uid=uid)


def authorities(access: ClusterAccess) -> tuple[str, ...]:
    """The public keys that the access trusts; none for the system's authorities."""
    if access.ca_pem is None:
        return ()
    try:
        return tuple(sorted(facts.spki_sha256 for facts in read_certificates(access.ca_pem)))
    except ValueError:
        return ()


def changed(noted: Identity, seen: Identity) -> SafeStr:
    """A sentence when the cluster is not the one that was noted; '' when it is, or nothing can be said."""
    if noted.kube_system_uid and seen.kube_system_uid and noted.kube_system_uid != seen.kube_system_uid:
        return safe_text(
            "This is another cluster than the one first reached under this name (its kube-system namespace "
            "has another uid): it was rebuilt, or something stands in its place."
        )
    if noted.ca_spki and seen.ca_spki and not set(noted.ca_spki) & set(seen.ca_spki):
        return safe_text("The certificate authority trusted for this cluster has another key than at first.")
    return SafeStr("")


def note(registry: Registry, known: Known, seen: Identity) -> Known:
    """Remember what is seen for the first time; what is noted already stays. Raises RecordConflict."""
    noted = known.record.identity
    merged = Identity(
        ca_spki=noted.ca_spki or seen.ca_spki,
        kube_system_uid=noted.kube_system_uid or seen.kube_system_uid,
    )
    if merged == noted:
        return known
    return registry.change(known, lambda record: with_identity(record, merged), act="cluster identity noted")


async def verify(registry: Registry, cluster_id: str, client: Getter) -> SafeStr:
    """Compare a cluster that just answered with what was noted, or note it; '' or a sentence to show.

    For a console's first connection. Raises the client's errors, RecordConflict.
    """
    known = next((one for one in registry.known() if one.id == cluster_id), None)
    if known is None:
        return SafeStr("")
    seen = await observe(client, known.record.access(known.id))
    warning = changed(known.record.identity, seen)
    if not warning:
        note(registry, known, seen)
    return warning


def accept_new(registry: Registry, known: Known, seen: Identity) -> Known:
    """A person says that the change is right."""
    return registry.change(known, lambda record: with_identity(record, seen), act="cluster identity accepted")


def with_identity(record: ClusterRecord, identity: Identity) -> ClusterRecord:
    return msgspec.structs.replace(record, identity=identity)
