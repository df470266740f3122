"""Secrets: lists never decode a value, they count them."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import (
    OK,
    Kind,
    Verdict,
    age_column,
    api_resource,
    name_column,
    number_column,
    text_column,
)


class SecretWire(msgspec.Struct, frozen=True):
    """Values stay undecoded views of the page until it is dropped, a moment later."""

    metadata: ObjectMeta = ObjectMeta()
    type: str = ""
    data: dict[str, msgspec.Raw] | None = None


class SecretRow(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    type: str
    entries: int


def _project(wire: SecretWire) -> SecretRow:
    return SecretRow(metadata=wire.metadata, type=wire.type, entries=len(wire.data or ()))


def _assess(secret: SecretRow) -> Verdict:
    return OK


KIND = Kind(
    resource=api_resource("v1", "Secret", "secrets"),
    wire=SecretWire,
    project=_project,
    assess=_assess,
    sensitive=True,
    columns=(
        name_column(),
        text_column("TYPE", "type"),
        number_column("DATA", lambda secret: secret.entries),
        age_column(),
    ),
)
