"""Volume snapshot classes (snapshot.storage.k8s.io)."""

from __future__ import annotations

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.kind import Kind, age_column, api_resource, name_column, text_column


class VolumeSnapshotClass(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    metadata: ObjectMeta = ObjectMeta()
    driver: str = ""
    deletion_policy: str = ""


KIND = Kind(
    resource=api_resource(
        "snapshot.storage.k8s.io/v1",
        "VolumeSnapshotClass",
        "volumesnapshotclasses",
        "vsclass",
        "vsclasses",
        namespaced=False,
    ),
    custom=True,
    wire=VolumeSnapshotClass,
    columns=(
        name_column(),
        text_column("DRIVER", "driver", priority=0),
        text_column("DELETIONPOLICY", "deletion_policy"),
        age_column(),
    ),
)
