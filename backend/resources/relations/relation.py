"""What a kind says about other objects that an object has to do with: data, not questions to a server.

A relation is declared once, by the object that holds it (a pod names its claim). Whoever looks from the other
side (a claim's users, the graph, the blast radius) turns the same declaration round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec

from backend.kube.objects import ObjectMeta
from backend.resources.labels import LabelSelector, selects

Obj = Mapping[str, Any]


class Bond(Enum):
    """What it means to an object when the one it is related to fails or goes."""

    OWNER = "owner"
    """It was made by the other, goes with it, and is one of its parts."""
    PARTS = "parts"
    """The others do its work together: a few may be lost, all may not."""
    NEEDS = "needs"
    """It can't work without the other."""
    HOST = "host"
    """It runs on the other."""
    START = "start"
    """It can't start without the other; what runs, runs on."""
    MENTION = "mention"
    """It is about the other, and neither works less without the other."""


class Relation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Either one object by its name, or those of a kind that a selector chooses."""

    role: str
    """What they are to the object: ``volume``, ``pods``."""
    back: str = ""
    """What the object is to them: ``used by``."""
    kind: str
    """Full name: ``pods``, ``deployments.apps``."""
    bond: Bond = Bond.MENTION
    namespace: str = ""
    """Empty for kinds of the whole cluster, and for selections over all namespaces."""
    name: str = ""
    uid: str = ""
    """Of one object: another of the same name is not the one that is meant."""
    optional: bool = False
    """The object does without it if it is missing."""
    selector: LabelSelector | None = None
    """Of a selection; an empty one chooses everything."""

    def meets(self, obj: Related) -> bool:
        """Whether this object is (one of) those that are meant."""
        if obj.kind != self.kind or (self.namespace and obj.namespace != self.namespace):
            return False
        if self.selector is not None:
            return selects(self.selector, obj.labels)
        return obj.name == self.name and (not self.uid or obj.uid == self.uid)


class Related(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What has to be known of an object to see whether a relation means it."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] | None = None


class Look(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where one looks for objects that are related to an object, without reading the whole cluster."""

    kind: str
    role: str = ""
    """What they are to the object, if the relation's own word is too general."""
    labels: str = ""
    """Narrows the list; ``{name}`` is the object's."""
    fields: str = ""
    everywhere: bool = False
    """In all namespaces, not only the object's."""
    selected: bool = False
    """Those that the object's own selector chooses."""


class ReleaseMarks(msgspec.Struct, frozen=True, gc=False):
    """The annotations that tell which application an object is part of."""

    release: str = msgspec.field(name="meta.helm.sh/release-name", default="")


class Owner(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """metav1.OwnerReference."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool | None = None


class Meta(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The part of an object's metadata that relations need."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    labels: dict[str, str] | None = None
    annotations: ReleaseMarks | None = None
    owner_references: tuple[Owner, ...] | None = None


class Holder(msgspec.Struct, frozen=True, gc=False):
    """An object of which nothing but its metadata matters to relations; others build on it."""

    metadata: Meta = Meta()


class Bare(msgspec.Struct, frozen=True, gc=False):
    """The same, as an item of a list."""

    metadata: ObjectMeta = ObjectMeta()


class LocalRef(msgspec.Struct, frozen=True, gc=False):
    """A name, and perhaps whether it matters that it is there."""

    name: str = ""
    optional: bool | None = None


class TypedRef(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """An object by kind and name, of any group."""

    api_version: str = ""
    api_group: str = ""
    group: str | None = None
    kind: str = ""
    namespace: str = ""
    name: str = ""
    uid: str = ""


Relations = Callable[[Any], Iterable[Relation]]
"""From a decoded ``WIRE`` to what it is related to."""


@lru_cache(maxsize=1024)
def full_name(group: str, kind: str) -> str:
    """``deployments.apps`` of ``apps`` and ``Deployment``; of kinds without an entry, by the usual plural."""
    from backend.resources import registry

    for known in registry.kinds():
        if (known.resource.group, known.resource.kind) == (group, kind):
            return known.resource.full_name
    return f"{_plural(kind.lower())}.{group}" if group else _plural(kind.lower())


@lru_cache(maxsize=1024)
def cluster_wide(kind: str) -> bool:
    """Whether objects of a kind with this full name are in no namespace; of unknown ones: they are in one."""
    from backend.resources import registry

    known = registry.builtin(kind)
    return known is not None and not known.resource.namespaced


def _plural(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


def owners_of(meta: Meta) -> Iterable[Relation]:
    """What made the object: in its own namespace, or of the whole cluster."""
    for owner in meta.owner_references or ():
        kind = full_name(owner.api_version.rpartition("/")[0], owner.kind)
        yield Relation(
            role="owner",
            back="owns",
            kind=kind,
            bond=Bond.OWNER,
            namespace="" if cluster_wide(kind) else meta.namespace,
            name=owner.name,
            uid=owner.uid,
        )
