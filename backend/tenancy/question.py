"""What a person asks about rights, in words, and what it means on one cluster."""

from __future__ import annotations

from dataclasses import dataclass, replace

from backend.fleet.cluster import Cluster, choose
from backend.kube.authorization import Request
from backend.kube.errors import KubeError
from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.text import SafeStr, safe_text

_NOTHING = SafeStr("")
_ABSTRACT: dict[str, tuple[str, bool]] = {
    "users": ("", False),
    "groups": ("", False),
    "uids": ("authentication.k8s.io", False),
    "userextras": ("authentication.k8s.io", False),
    "signers": ("certificates.k8s.io", False),
}
"""What rules speak of and no server lists: group, and whether it has a namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """``VERB KIND [NAME]``; the kind may have a subresource (``pods/exec``) or be a path (``/metrics``)."""

    verb: str
    kind: str
    name: str = ""

    def __str__(self) -> str:
        return " ".join(word for word in (self.verb, self.kind, self.name) if word)


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """The question on one cluster."""

    request: Request
    namespaced: bool
    note: SafeStr = _NOTHING
    """What to know about the answer: the cluster serves no such kind."""

    def within(self, namespace: str) -> Request:
        return replace(self.request, namespace=namespace if self.namespaced else "")


async def meaning(cluster: Cluster, question: Question) -> Meaning:
    """What a question means there; a kind the cluster does not serve is asked as it was typed, and said.

    Raises AmbiguousKind.
    """
    if question.kind.startswith("/"):
        return Meaning(request=Request(verb=question.verb, path=question.kind), namespaced=False)
    word, _, subresource = question.kind.partition("/")
    plain = Request(verb=question.verb, name=question.name, subresource=subresource)
    if word in _ABSTRACT and "." not in word:
        group, namespaced = _ABSTRACT[word]
        return Meaning(request=replace(plain, group=group, resource=word), namespaced=namespaced)
    resource = await _resource(cluster, word)
    if resource is not None:
        request = replace(plain, group=resource.group, resource=resource.plural)
        return Meaning(request=request, namespaced=resource.namespaced)
    plural, _, group = word.partition(".")
    return Meaning(
        request=replace(plain, group=group, resource=plural),
        namespaced=True,
        note=safe_text(f"{cluster.name} is not known to serve a kind {word!r}: asked as typed", limit=300),
    )


async def _resource(cluster: Cluster, word: str) -> ApiResource | None:
    if word == "*":
        return None
    kind = registry.builtin(word)
    if kind is not None:
        return kind.resource
    try:
        discovery = await cluster.client.discovery()
    except KubeError:
        return None
    found = discovery.find(word)
    if not found:
        return None
    if len({resource.full_name for resource in found}) == 1:
        return found[0]
    return choose(discovery, word, cluster=cluster.name)
