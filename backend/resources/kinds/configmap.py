"""Config maps: their values can be a megabyte each, so a row keeps only how many there are."""

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
)


class ConfigMapWire(msgspec.Struct, frozen=True, rename="camel"):
    """Values stay undecoded views of the page until it is dropped."""

    metadata: ObjectMeta = ObjectMeta()
    data: dict[str, msgspec.Raw] | None = None
    binary_data: dict[str, msgspec.Raw] | None = None


class ConfigMap(msgspec.Struct, frozen=True, gc=False):
    metadata: ObjectMeta
    entries: int


def _project(wire: ConfigMapWire) -> ConfigMap:
    return ConfigMap(metadata=wire.metadata, entries=len(wire.data or ()) + len(wire.binary_data or ()))


def _assess(config_map: ConfigMap) -> Verdict:
    return OK


KIND = Kind(
    resource=api_resource("v1", "ConfigMap", "configmaps", "cm"),
    wire=ConfigMapWire,
    project=_project,
    assess=_assess,
    columns=(name_column(), number_column("DATA", lambda config_map: config_map.entries), age_column()),
)
