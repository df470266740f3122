"""What a pod's specification (or a workload's template) refers to, and which pods refer to a thing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from backend.resources.relations.relation import Obj, Relation, part

_CONFIG, _SECRET = "configmaps", "secrets"


def references(spec: Obj, namespace: str) -> Iterator[Relation]:
    """Everything a pod needs to start, each thing once."""
    seen: set[tuple[str, str]] = set()
    for role, kind, name, optional in _all(spec):
        if name and (kind, name) not in seen:
            seen.add((kind, name))
            yield Relation(role=role, kind=kind, namespace=namespace, name=name, optional=optional)


def _all(spec: Obj) -> Iterator[tuple[str, str, str, bool]]:
    if account := spec.get("serviceAccountName"):
        yield ("service account", "serviceaccounts", str(account), False)
    for volume in spec.get("volumes") or ():
        yield from _volume(volume)
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        yield from _environment(container)
    for secret in spec.get("imagePullSecrets") or ():
        yield ("pull secret", _SECRET, str(secret.get("name", "")), True)


def _volume(volume: Obj) -> Iterator[tuple[str, str, str, bool]]:
    claim = part(volume, "persistentVolumeClaim", "claimName")
    if claim:
        yield ("volume", "persistentvolumeclaims", str(claim), False)
    sources: list[Any] = [volume, *(part(volume, "projected", "sources") or ())]
    for source in sources:
        for field, kind in (("configMap", _CONFIG), ("secret", _SECRET)):
            found = part(source, field)
            name = found.get("name") or found.get("secretName") or ""
            yield ("volume", kind, str(name), bool(found.get("optional")))


def _environment(container: Obj) -> Iterator[tuple[str, str, str, bool]]:
    sources = [(each, "configMapRef", "secretRef") for each in container.get("envFrom") or ()]
    sources += [
        (part(each, "valueFrom"), "configMapKeyRef", "secretKeyRef") for each in container.get("env") or ()
    ]
    for source, config, secret in sources:
        for field, kind in ((config, _CONFIG), (secret, _SECRET)):
            found = part(source, field)
            yield ("environment", kind, str(found.get("name") or ""), bool(found.get("optional")))


def users_of(kind: str, name: str, namespace: str) -> Iterable[Relation]:
    """The pods that refer to an object of a kind."""
    return [Relation(role="used by", kind="pods", namespace=namespace, keep=_refers(kind, name))]


def _refers(kind: str, name: str) -> Callable[[Obj], bool]:
    def keep(pod: Obj) -> bool:
        return any((found, called) == (kind, name) for _, found, called, _ in _all(part(pod, "spec")))

    return keep
