"""Persistent volumes."""

from __future__ import annotations

import msgspec

from backend.resources import quantity
from backend.resources.kind import (
    OK,
    Health,
    Kind,
    Verdict,
    age_column,
    api_resource,
    computed_column,
    name_column,
    text_column,
)
from backend.resources.volume import UNSET, ClassMeta, access_modes, storage_class


class ClaimRef(msgspec.Struct, frozen=True, gc=False):
    namespace: str = ""
    name: str = ""


class VolumeSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    capacity: dict[str, str] | None = None
    access_modes: list[str] | None = None
    persistent_volume_reclaim_policy: str = ""
    claim_ref: ClaimRef | None = None
    storage_class_name: str = ""
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None


class VolumeStatus(msgspec.Struct, frozen=True, gc=False):
    phase: str = ""
    reason: str = ""
    message: str = ""


class PersistentVolume(msgspec.Struct, frozen=True, gc=False):
    metadata: ClassMeta = ClassMeta()
    spec: VolumeSpec = VolumeSpec()
    status: VolumeStatus = VolumeStatus()


def _capacity(volume: PersistentVolume) -> str:
    return (volume.spec.capacity or {}).get("storage", "0")


def _claim(volume: PersistentVolume) -> str:
    claim = volume.spec.claim_ref
    return f"{claim.namespace}/{claim.name}" if claim is not None else ""


def _status(volume: PersistentVolume) -> str:
    return "Terminating" if volume.metadata.deletion_timestamp is not None else volume.status.phase


def _assess(volume: PersistentVolume) -> Verdict:
    status = volume.status
    match _status(volume):
        case "Bound" | "Available":
            return OK
        case "Terminating":
            return Verdict(Health.PROGRESSING, "being deleted")
        case "Released":
            policy = volume.spec.persistent_volume_reclaim_policy
            if policy == "Delete":
                return Verdict(Health.PROGRESSING, "its claim is gone; its storage is being deleted")
            return Verdict(Health.WARNING, f"its claim {_claim(volume)} is gone; its data is kept ({policy})")
        case "Failed":
            return Verdict(Health.FAILING, ": ".join(filter(None, (status.reason, status.message))))
        case phase:
            return Verdict(Health.PROGRESSING, phase.lower())


KIND = Kind(
    resource=api_resource("v1", "PersistentVolume", "persistentvolumes", "pv", namespaced=False),
    wire=PersistentVolume,
    assess=_assess,
    columns=(
        name_column(),
        computed_column(
            "CAPACITY", _capacity, key=lambda volume: quantity.sort_key(_capacity(volume)), align="right"
        ),
        computed_column("ACCESS MODES", lambda volume: access_modes(volume.spec.access_modes)),
        text_column("RECLAIM POLICY", "spec.persistent_volume_reclaim_policy", priority=3),
        computed_column("STATUS", _status, priority=0),
        computed_column("CLAIM", _claim),
        computed_column(
            "STORAGECLASS", lambda volume: storage_class(volume.metadata, volume.spec.storage_class_name)
        ),
        text_column("VOLUMEATTRIBUTESCLASS", "spec.volume_attributes_class_name", none=UNSET, priority=4),
        text_column("REASON", "status.reason", priority=3),
        age_column(),
        text_column("VOLUMEMODE", "spec.volume_mode", none=UNSET, wide=True, priority=5),
    ),
)
