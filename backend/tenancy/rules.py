"""One rule of RBAC, and whether it covers a request.

Follows the API server's evaluation (rbac.authorization.k8s.io/v1 PolicyRule and its helpers): there is no
denial, and a role is only ever a list of such rules.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backend.kube.authorization import Request

ALL = "*"


class Rule(msgspec.Struct, frozen=True, rename="camel"):
    """PolicyRule, and what the review APIs call ResourceRule and NonResourceRule."""

    verbs: tuple[str, ...] | None = ()
    api_groups: tuple[str, ...] | None = ()
    resources: tuple[str, ...] | None = ()
    resource_names: tuple[str, ...] | None = ()
    paths: tuple[str, ...] | None = msgspec.field(name="nonResourceURLs", default=())

    def covers(self, request: Request) -> bool:
        """Whether the rule allows the request, wherever it is bound."""
        named = bool(request.path) or not self.resource_names or request.name in self.resource_names
        return named and self.covers_some(request)

    def covers_some(self, request: Request) -> bool:
        """Whether it allows the request for some object at least: ``resourceNames`` are not looked at."""
        return _any(self.verbs, request.verb) and self.concerns(request)

    def concerns(self, request: Request) -> bool:
        """Whether it speaks of the request's kind or path, whatever the verb."""
        if request.path:
            return any(_path_matches(path, request.path) for path in self.paths or ())
        return _any(self.api_groups, request.group) and self._has_resource(request)

    def _has_resource(self, request: Request) -> bool:
        wanted = request.resource
        if request.subresource:
            wanted += f"/{request.subresource}"
        return any(
            resource in (ALL, wanted) or (request.subresource and resource == f"*/{request.subresource}")
            for resource in self.resources or ()
        )

    @property
    def kinds(self) -> tuple[str, ...]:
        """What it is about, in words: ``pods``, ``deployments.apps``, ``*.*``, ``/metrics``."""
        named = [
            f"{resource}.{group}" if group else resource
            for group in self.api_groups or ()
            for resource in self.resources or ()
        ]
        return tuple(dict.fromkeys([*named, *(self.paths or ())]))


def _any(values: Iterable[str] | None, wanted: str) -> bool:
    return any(value in (ALL, wanted) for value in values or ())


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in (ALL, path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
