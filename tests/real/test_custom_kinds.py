"""Kinds that come with a CRD: our columns against what the definitions' printer columns give."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from backend.fleet.cluster import KindNotFound
from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.resources.kind import Health
from tests.real.api import Api, ApiError
from tests.real.control_plane import wait_for
from tests.real.kind_cells import all_compared, entry, page_of
from tests.real.rig import Rig
from tests.real.test_kinds import ago

EXPECTED = (
    ("gatewayclasses", 2),
    ("gateways", 3),
    ("httproutes", 3),
    ("volumesnapshots", 3),
    ("volumesnapshotclasses", 1),
    ("volumesnapshotcontents", 2),
)
GATEWAY, SNAPSHOT = "gateway.networking.k8s.io", "snapshot.storage.k8s.io"
ANYTHING = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
AGE = ("Age", "date", ".metadata.creationTimestamp")


def condition_path(type_: str) -> str:
    return f'.status.conditions[?(@.type=="{type_}")].status'


COLUMNS: dict[tuple[str, str, bool], list[tuple[Any, ...]]] = {
    (GATEWAY, "GatewayClass", False): [
        ("Controller", "string", ".spec.controllerName"),
        ("Accepted", "string", condition_path("Accepted")),
        AGE,
        ("Description", "string", ".spec.description", 1),
    ],
    (GATEWAY, "Gateway", True): [
        ("Class", "string", ".spec.gatewayClassName"),
        ("Address", "string", ".status.addresses[*].value"),
        ("Programmed", "string", condition_path("Programmed")),
        AGE,
    ],
    (GATEWAY, "HTTPRoute", True): [("Hostnames", "string", ".spec.hostnames"), AGE],
    (SNAPSHOT, "VolumeSnapshot", True): [
        ("ReadyToUse", "boolean", ".status.readyToUse"),
        ("SourcePVC", "string", ".spec.source.persistentVolumeClaimName"),
        ("SourceSnapshotContent", "string", ".spec.source.volumeSnapshotContentName"),
        ("RestoreSize", "string", ".status.restoreSize"),
        ("SnapshotClass", "string", ".spec.volumeSnapshotClassName"),
        ("SnapshotContent", "string", ".status.boundVolumeSnapshotContentName"),
        ("CreationTime", "date", ".status.creationTime"),
        AGE,
    ],
    (SNAPSHOT, "VolumeSnapshotClass", False): [
        ("Driver", "string", ".driver"),
        ("DeletionPolicy", "string", ".deletionPolicy"),
        AGE,
    ],
    (SNAPSHOT, "VolumeSnapshotContent", False): [
        ("ReadyToUse", "boolean", ".status.readyToUse"),
        ("RestoreSize", "integer", ".status.restoreSize"),
        ("DeletionPolicy", "string", ".spec.deletionPolicy"),
        ("Driver", "string", ".spec.driver"),
        ("VolumeSnapshotClass", "string", ".spec.volumeSnapshotClassName"),
        ("VolumeSnapshot", "string", ".spec.volumeSnapshotRef.name"),
        ("VolumeSnapshotNamespace", "string", ".spec.volumeSnapshotRef.namespace"),
        AGE,
    ],
}
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


def definition(group: str, kind: str, *, namespaced: bool, columns: list[tuple[Any, ...]]) -> dict[str, Any]:
    """A minimal definition of our own with the printer columns of the real one."""
    ours = next(k.resource for k in (entry(plural) for plural, _ in EXPECTED) if k.resource.kind == kind)
    printed = [
        {"name": name, "type": type_, "jsonPath": path, "priority": more[0] if more else 0}
        for name, type_, path, *more in columns
    ]
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": ANYTHING,
        "additionalPrinterColumns": printed,
    }
    return {
        "metadata": {
            "name": f"{ours.plural}.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, test only"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {
                "plural": ours.plural,
                "singular": ours.singular,
                "kind": kind,
                "shortNames": list(ours.short_names),
            },
            "versions": [version],
        },
    }


@contextlib.contextmanager
def definitions(api: Api) -> Iterator[None]:
    made = []
    try:
        for (group, kind, namespaced), columns in COLUMNS.items():
            body = definition(group, kind, namespaced=namespaced, columns=columns)
            made.append(f"{CRDS}/{body['metadata']['name']}")
            api.post(CRDS, body)
        for path in made:
            assert wait_for(partial(established, api, path), 20), f"{path} is not established"
        yield
    finally:
        for path in made:
            with contextlib.suppress(ApiError):
                api.delete(path)


def established(api: Api, path: str) -> bool:
    spec = (found := api.get(path))["spec"]
    ready = any(
        c["type"] == "Established" and c["status"] == "True" for c in found["status"].get("conditions", ())
    )
    if not ready:
        return False
    try:
        api.get(f"/apis/{spec['group']}/v1/{spec['names']['plural']}")
    except ApiError:
        return False
    return True


def condition(type_: str, status: str, reason: str = "R", message: str = "m") -> dict[str, str]:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def make_gateways(api: Api, namespace: str) -> None:
    classes = f"/apis/{GATEWAY}/v1/gatewayclasses"
    for name, status in (("good", "True"), ("bad", "False")):
        spec = {"controllerName": "example.com/c", "description": f"the {name} one"}
        conditions = {"conditions": [condition("Accepted", status, "InvalidParameters", "no such map")]}
        api.post(classes, whole("GatewayClass", GATEWAY, name, spec=spec, status=conditions))
    gateways = f"/apis/{GATEWAY}/v1/namespaces/{namespace}/gateways"
    taken = condition("Accepted", "True")
    for name, conditions, addresses in (
        ("up", [taken, condition("Programmed", "True")], [{"value": "1.2.3.4"}, {"value": "5.6.7.8"}]),
        ("down", [taken, condition("Programmed", "False", "AddressNotAssigned", "none left")], []),
        ("new", None, None),
    ):
        status = {"conditions": conditions, "addresses": addresses} if conditions else {}
        spec = {"gatewayClassName": "good"}
        api.post(gateways, whole("Gateway", GATEWAY, name, spec=spec, status=status))
    routes = f"/apis/{GATEWAY}/v1/namespaces/{namespace}/httproutes"
    refused = {
        "parentRef": {"name": "up"},
        "conditions": [taken, condition("ResolvedRefs", "False", "BackendNotFound")],
    }
    fine = {"parentRef": {"name": "up"}, "conditions": [taken, condition("ResolvedRefs", "True")]}
    for name, hosts, parents in (
        ("two", ["a.example.com", "b.example.com"], [fine]),
        ("lost", ["c.example.com"], [fine, refused]),
        ("any", None, None),
    ):
        spec = {"hostnames": hosts} if hosts else {}
        status = {"parents": parents} if parents else {}
        api.post(routes, whole("HTTPRoute", GATEWAY, name, spec=spec, status=status))


def make_snapshots(api: Api, namespace: str) -> None:
    snapshots = f"/apis/{SNAPSHOT}/v1/namespaces/{namespace}/volumesnapshots"
    source = {"source": {"persistentVolumeClaimName": "data"}, "volumeSnapshotClassName": "daily"}
    ready = {
        "readyToUse": True,
        "restoreSize": "10Gi",
        "boundVolumeSnapshotContentName": "c1",
        "creationTime": ago(4000),
    }
    for name, spec, status in (
        ("good", source, ready),
        ("bad", source, {"readyToUse": False, "error": {"message": "out of space"}}),
        ("new", {"source": {"volumeSnapshotContentName": "c1"}}, {}),
    ):
        api.post(snapshots, whole("VolumeSnapshot", SNAPSHOT, name, spec=spec, status=status))
    api.post(
        f"/apis/{SNAPSHOT}/v1/volumesnapshotclasses",
        whole("VolumeSnapshotClass", SNAPSHOT, "daily", driver="example.com/d", deletionPolicy="Retain"),
    )
    for name, status in (("c1", {"readyToUse": True, "restoreSize": 10 * 2**30}), ("c2", {})):
        spec = {
            "deletionPolicy": "Delete",
            "driver": "example.com/d",
            "volumeSnapshotClassName": "daily",
            "volumeSnapshotRef": {"name": "good", "namespace": namespace},
        }
        api.post(
            f"/apis/{SNAPSHOT}/v1/volumesnapshotcontents",
            whole("VolumeSnapshotContent", SNAPSHOT, name, spec=spec, status=status),
        )


def whole(kind: str, group: str, name: str, **fields: Any) -> dict[str, Any]:
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": name}, **fields}


HEALTH = (
    ("gatewayclasses", "good", Health.OK, ""),
    ("gatewayclasses", "bad", Health.FAILING, "InvalidParameters: no such map"),
    ("gateways", "up", Health.OK, ""),
    ("gateways", "down", Health.FAILING, "AddressNotAssigned"),
    ("gateways", "new", Health.PROGRESSING, "not accepted yet"),
    ("httproutes", "two", Health.OK, ""),
    ("httproutes", "lost", Health.FAILING, "gateway up: BackendNotFound"),
    ("httproutes", "any", Health.PROGRESSING, "no gateway has taken it yet"),
    ("volumesnapshots", "good", Health.OK, ""),
    ("volumesnapshots", "bad", Health.FAILING, "out of space"),
    ("volumesnapshots", "new", Health.PROGRESSING, "not ready to use yet"),
    ("volumesnapshotcontents", "c1", Health.OK, ""),
)


async def test_cells_health_and_words(rig: Rig, namespace: str) -> None:
    api = rig.clusters[0].api()
    with definitions(api):
        make_gateways(api, namespace)
        make_snapshots(api, namespace)
        all_compared(api, EXPECTED, namespace)
        for plural, name, health, why in HEALTH:
            kind = entry(plural)
            items = page_of(api, kind, namespace if kind.resource.namespaced else "").items
            item = next(found for found in items if found.metadata.name == name)
            said = kind.assess(item)
            assert (said.health, why in said.why) == (health, True), f"{plural} {name}: {said}"
        await words_are_asked_of_the_cluster(rig)


async def words_are_asked_of_the_cluster(rig: Rig) -> None:
    """Where the definitions are installed, their kinds have our entries; elsewhere there is no such kind."""
    members, problems = members_of(rig.kubeconfig)
    assert not problems
    async with Fleet(members) as fleet:
        first, second = sorted(fleet.clusters, key=lambda c: c.name != rig.clusters[0].name)
        for word in ("vs", "gtw", "httproute", "volumesnapshotcontents.snapshot.storage.k8s.io"):
            target = await first.resolve(word)
            assert target.kind in {entry(plural) for plural, _ in EXPECTED}
            with pytest.raises(KindNotFound):
                await second.resolve(word)
