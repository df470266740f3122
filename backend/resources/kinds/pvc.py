"""Persistent volume claims."""

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
from backend.resources.workload import Condition, said


class ClaimSpec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    volume_name: str = ""
    volume_mode: str | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None


class ClaimStatus(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    phase: str = ""
    access_modes: list[str] | None = None
    capacity: dict[str, str] | None = None
    conditions: list[Condition] | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    metadata: ClassMeta = ClassMeta()
    spec: ClaimSpec = ClaimSpec()
    status: ClaimStatus = ClaimStatus()


def _status(claim: Claim) -> str:
    return "Terminating" if claim.metadata.deletion_timestamp is not None else claim.status.phase


def _capacity(claim: Claim) -> str:
    return (claim.status.capacity or {}).get("storage", "0") if claim.spec.volume_name else ""


def _modes(claim: Claim) -> str:
    if not claim.spec.volume_name:
        return ""
    return access_modes(claim.status.access_modes)


def _class(claim: Claim) -> str:
    return storage_class(claim.metadata, claim.spec.storage_class_name)


def _assess(claim: Claim) -> Verdict:
    match _status(claim):
        case "Bound":
            waiting = [said(found) for found in claim.status.conditions or () if found.status == "True"]
            return Verdict(Health.PROGRESSING, waiting[0]) if waiting else OK
        case "Lost":
            return Verdict(Health.FAILING, "its volume no longer exists")
        case "Terminating":
            return Verdict(Health.PROGRESSING, "being deleted")
        case "Pending":
            return Verdict(Health.PROGRESSING, "waits for a volume")
        case phase:
            return Verdict(Health.UNKNOWN, phase)


KIND = Kind(
    resource=api_resource("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc"),
    wire=Claim,
    assess=_assess,
    columns=(
        name_column(),
        computed_column("STATUS", _status, priority=0),
        text_column("VOLUME", "spec.volume_name"),
        computed_column(
            "CAPACITY", _capacity, key=lambda claim: quantity.sort_key(_capacity(claim)), align="right"
        ),
        computed_column("ACCESS MODES", _modes),
        computed_column("STORAGECLASS", _class),
        text_column("VOLUMEATTRIBUTESCLASS", "spec.volume_attributes_class_name", none=UNSET, priority=4),
        age_column(),
        text_column("VOLUMEMODE", "spec.volume_mode", none=UNSET, wide=True, priority=5),
    ),
)
