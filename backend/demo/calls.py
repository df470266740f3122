"""What a request asks for: its path, verb, options and wanted representation, before anything is decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from backend.demo.access import User
from backend.demo.catalog import Catalog, Resource
from backend.demo.status import ApiError

_NAMESPACE_PARTS = ("status", "finalize")


@dataclass(frozen=True, slots=True)
class Target:
    """The resource part of a path."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def described(self) -> str:
        """``pods/log`` as the authorizer spells it."""
        return f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural


@dataclass(frozen=True, slots=True)
class Call:
    """One resource request of one user."""

    user: User
    method: str
    target: Target
    query: dict[str, str]
    accept: str = ""
    content_type: str = ""
    user_agent: str = ""
    body: bytes = b""
    query_lists: dict[str, list[str]] = field(default_factory=dict)

    @property
    def verb(self) -> str:
        """The authorizer's verb (k8s.io/apiserver requestinfo)."""
        single = bool(self.target.name)
        if self.method in ("GET", "HEAD"):
            watches = truthy(self.query.get("watch"))
            return "watch" if watches else "get" if single else "list"
        if self.method == "DELETE":
            return "delete" if single else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(self.method, self.method.lower())

    @property
    def dry_run(self) -> bool:
        return "All" in self.query_lists.get("dryRun", [])

    @property
    def manager(self) -> str:
        """The field manager: asked for, or the first word of the user agent, as the server derives it."""
        return self.query.get("fieldManager") or self.user_agent.split("/")[0] or "unknown"


def truthy(text: str | None) -> bool:
    """Go's strconv.ParseBool as query conversion uses it: present and not false."""
    return text is not None and text.lower() not in ("", "0", "f", "false")


def parse_query(raw: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """First values, and all values, by name."""
    lists: dict[str, list[str]] = {}
    for key, value in parse_qsl(raw, keep_blank_values=True):
        lists.setdefault(key, []).append(value)
    return {key: values[0] for key, values in lists.items()}, lists


def parse_target(path: str, catalog: Catalog) -> Target | None:
    """The resource a path names, or None when the server would answer 404 (no such group, version, kind)."""
    parts = [unquote(part) for part in path.strip("/").split("/")]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and rest[2] not in _NAMESPACE_PARTS:
        namespace, rest = rest[1], rest[2:]
    resource = catalog.find(group, version, rest[0])
    if resource is None or len(rest) > 3:
        return None
    if namespace and not resource.namespaced:
        return None
    name = rest[1] if len(rest) > 1 else ""
    subresource = rest[2] if len(rest) > 2 else ""
    if subresource and subresource not in resource.subresources:
        return None
    if name and resource.namespaced and not namespace:
        return None
    return Target(resource, namespace, name, subresource)


def names_version(path: str, catalog: Catalog) -> bool:
    """Whether a path leads into a served group version: then an unknown resource is a Status, not a page."""
    parts = path.strip("/").split("/")
    known = catalog.group_versions()
    if parts[0] == "api" and len(parts) > 2:
        return ("", parts[1]) in known
    return parts[0] == "apis" and len(parts) > 3 and (parts[1], parts[2]) in known


@dataclass(frozen=True, slots=True)
class Representation:
    """How the answer is to be shaped: ``as_`` is '', Table, PartialObjectMetadata or …List."""

    media: str
    as_: str = ""
    version: str = "v1"


def negotiate(accept: str) -> Representation:
    """The first acceptable form; raises ApiError 406 when there is none.

    Protobuf is passed over: clients that offer it (kubectl, client-go) always offer JSON after it.
    """
    for part in accept.split(",") if accept else ["*/*"]:
        media, *parameters = (piece.strip() for piece in part.split(";"))
        given = dict(piece.split("=", 1) for piece in parameters if "=" in piece)
        if media in ("application/json", "*/*", "application/*"):
            if given.get("as") and given.get("g") not in (None, "meta.k8s.io"):
                continue
            return Representation("application/json", given.get("as", ""), given.get("v", "v1"))
        if media in ("application/yaml", "application/x-yaml"):
            return Representation("application/yaml", given.get("as", ""), given.get("v", "v1"))
    raise ApiError(
        406,
        "NotAcceptable",
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, "
        "application/json;stream=watch",
        details={},
    )
