"""What a pod's specification (or a workload's template) refers to."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from backend.resources.relations.relation import Bond, LocalRef, Look, Meta, Relation

CLAIM, CONFIG, SECRET, ACCOUNT = "persistentvolumeclaims", "configmaps", "secrets", "serviceaccounts"
USED_BY_PODS = (Look(kind="pods"),)


class ClaimVolume(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    claim_name: str = ""


class SecretVolume(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    secret_name: str = ""
    optional: bool | None = None


class Source(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One source of a projected volume."""

    config_map: LocalRef | None = None
    secret: LocalRef | None = None


class Projected(msgspec.Struct, frozen=True, gc=False):
    sources: list[Source] | None = None


class Ephemeral(msgspec.Struct, frozen=True, gc=False):
    """A claim that is made for the pod, named after the pod and the volume."""


class CsiVolume(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    driver: str = ""
    node_publish_secret_ref: LocalRef | None = None


class Volume(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    name: str = ""
    persistent_volume_claim: ClaimVolume | None = None
    config_map: LocalRef | None = None
    secret: SecretVolume | None = None
    projected: Projected | None = None
    ephemeral: Ephemeral | None = None
    csi: CsiVolume | None = None


class ValueSource(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    config_map_key_ref: LocalRef | None = None
    secret_key_ref: LocalRef | None = None


class Variable(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    value_from: ValueSource | None = None


class Variables(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    config_map_ref: LocalRef | None = None
    secret_ref: LocalRef | None = None


class Container(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    env: list[Variable] | None = None
    env_from: list[Variables] | None = None


class Spec(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    node_name: str = ""
    service_account_name: str = ""
    priority_class_name: str = ""
    volumes: list[Volume] | None = None
    containers: list[Container] | None = None
    init_containers: list[Container] | None = None
    image_pull_secrets: list[LocalRef] | None = None


class Template(msgspec.Struct, frozen=True, gc=False):
    metadata: Meta = Meta()
    spec: Spec = Spec()


_Found = tuple[str, str, str, bool, Bond]


def references(spec: Spec, namespace: str, *, pod: str = "") -> Iterator[Relation]:
    """Everything a pod needs, each thing once. ``pod``: its name, when it is no template."""
    seen: set[tuple[str, str]] = set()
    for role, kind, name, optional, bond in _all(spec, pod):
        if name and (kind, name) not in seen:
            seen.add((kind, name))
            yield Relation(
                role=role,
                back="used by",
                kind=kind,
                bond=bond,
                namespace=namespace,
                name=name,
                optional=optional,
            )
    if spec.priority_class_name:
        yield Relation(
            role="priority",
            back="used by",
            kind="priorityclasses.scheduling.k8s.io",
            bond=Bond.START,
            name=spec.priority_class_name,
        )


def _all(spec: Spec, pod: str) -> Iterator[_Found]:
    if spec.service_account_name:
        yield ("service account", ACCOUNT, spec.service_account_name, False, Bond.START)
    for volume in spec.volumes or ():
        yield from _volume(volume, pod)
    for container in (*(spec.init_containers or ()), *(spec.containers or ())):
        if container.env or container.env_from:
            yield from _environment(container)
    for pull in spec.image_pull_secrets or ():
        yield ("pull secret", SECRET, pull.name, True, Bond.START)


def _volume(volume: Volume, pod: str) -> Iterator[_Found]:
    if volume.persistent_volume_claim is not None:
        yield ("volume", CLAIM, volume.persistent_volume_claim.claim_name, False, Bond.NEEDS)
    if volume.config_map is not None:
        yield ("volume", CONFIG, volume.config_map.name, bool(volume.config_map.optional), Bond.START)
    if volume.secret is not None:
        yield ("volume", SECRET, volume.secret.secret_name, bool(volume.secret.optional), Bond.START)
    if volume.ephemeral is not None and pod:
        yield ("volume", CLAIM, f"{pod}-{volume.name}", False, Bond.NEEDS)
    if volume.csi is not None and volume.csi.node_publish_secret_ref is not None:
        yield ("volume", SECRET, volume.csi.node_publish_secret_ref.name, False, Bond.START)
    for source in (volume.projected.sources or ()) if volume.projected is not None else ():
        if source.config_map is not None:
            yield ("volume", CONFIG, source.config_map.name, bool(source.config_map.optional), Bond.START)
        if source.secret is not None:
            yield ("volume", SECRET, source.secret.name, bool(source.secret.optional), Bond.START)


def _environment(container: Container) -> Iterator[_Found]:
    found: list[tuple[str, LocalRef | None]] = []
    for each in container.env_from or ():
        found += [(CONFIG, each.config_map_ref), (SECRET, each.secret_ref)]
    for variable in container.env or ():
        if variable.value_from is not None:
            found += [
                (CONFIG, variable.value_from.config_map_key_ref),
                (SECRET, variable.value_from.secret_key_ref),
            ]
    for kind, ref in found:
        if ref is not None:
            yield ("environment", kind, ref.name, bool(ref.optional), Bond.START)
