"""From an object to what owns it: the controller that made it, read as it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.objects import Found, read
from backend.kube.errors import KubeError, NotFound
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.text import safe_text


class NoOwner(KubeError):
    """Nothing owns the object, or what owned it is gone."""


async def owner_of(found: Found) -> Found:
    """The controller of an object, or its first owner when none of them is one.

    Raises NoOwner when it has none or the owner is gone (then the garbage collector will come for it), and
    what reading raises.
    """
    references = (found.obj.get("metadata") or {}).get("ownerReferences") or ()
    if not references:
        raise NoOwner(
            found.cluster.name,
            f"{found.place} has no owner",
            advice="It was made by a person or a tool; its labels and managedFields may tell which.",
        )
    reference = next((one for one in references if one.get("controller")), references[0])
    resource = await resource_of(found.cluster, reference)
    name, namespace = str(reference.get("name", "")), found.namespace if resource.namespaced else ""
    told = f"{reference.get('kind', '')} {name}"
    try:
        obj = await read(found.cluster, resource, name, namespace=namespace or None)
    except NotFound:
        raise _gone(found, told) from None
    owner = Found(cluster=found.cluster, resource=resource, obj=obj)
    if owner.uid != reference.get("uid"):
        raise _gone(found, told)
    return owner


def _gone(found: Found, told: str) -> NoOwner:
    return NoOwner(
        found.cluster.name,
        f"{safe_text(told)}, which owns {found.place}, is gone",
        advice="The garbage collector should remove what it left; if it does not, look at finalizers.",
    )


async def resource_of(cluster: Cluster, reference: Mapping[str, Any]) -> ApiResource:
    """What a reference's ``apiVersion`` (any version of its group) and ``kind`` mean on this cluster.

    Raises KindNotFound and what discovery raises.
    """
    group, _, version = str(reference.get("apiVersion", "")).rpartition("/")
    kind = str(reference.get("kind", ""))
    if (known := known_resource(group, kind)) is not None:
        return known
    discovery = await cluster.client.discovery()
    served = discovery.lookup(group=group, version=version, kind=kind) or next(
        (one for one in discovery.resources if (one.group, one.kind) == (group, kind)), None
    )
    if served is None:
        raise KindNotFound(cluster.name, f"there is no kind {safe_text(kind)} ({safe_text(group) or 'core'})")
    return served


def known_resource(group: str, kind: str) -> ApiResource | None:
    """What every cluster serves under this group and kind; None: that has to be asked."""
    for known in registry.kinds():
        if not known.custom and (known.resource.group, known.resource.kind) == (group, kind):
            return known.resource
    return None
