"""A collection of an API server as Kubernetes promises it: versions, history, compaction, continue tokens."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from backend.kube.objects import ApiResource, ObjectMeta

THINGS = ApiResource(
    group="example.org",
    version="v1",
    plural="things",
    singular="thing",
    kind="Thing",
    namespaced=True,
    verbs=("create", "delete", "get", "list", "patch", "update", "watch"),
)


class Thing(msgspec.Struct, gc=False):
    metadata: ObjectMeta = ObjectMeta()
    value: int = 0


@dataclass
class Change:
    version: int
    type: str
    object: dict[str, Any]

    def line(self) -> bytes:
        return json.dumps({"type": self.type, "object": self.object}, separators=(",", ":")).encode() + b"\n"


@dataclass
class Collection:
    """Objects by name, and everything that ever happened to them."""

    version: int = 95
    """Close below a power of ten: versions are numbers, not words."""
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    compacted: int = 0
    """Changes up to this version are forgotten: watches and lists from before it answer 410."""
    _births: int = 0

    def put(self, name: str, value: int) -> None:
        known = self.objects.get(name)
        self.version += 1
        if known is None:
            self._births += 1
        uid = known["metadata"]["uid"] if known else f"uid-{name}-{self._births}"
        made = {
            "metadata": {
                "name": name,
                "namespace": "default",
                "uid": uid,
                "resourceVersion": str(self.version),
            },
            "value": value,
        }
        self.objects[name] = made
        self.history.append(Change(self.version, "MODIFIED" if known else "ADDED", made))

    def delete(self, name: str) -> None:
        known = self.objects.pop(name, None)
        if known is None:
            return
        self.version += 1
        last = {**known, "metadata": {**known["metadata"], "resourceVersion": str(self.version)}}
        self.history.append(Change(self.version, "DELETED", last))

    def compact(self) -> None:
        self.compacted = self.version

    def after(self, version: int) -> list[Change]:
        return [change for change in self.history if change.version > version]

    def truth(self) -> dict[str, tuple[str, int]]:
        """name -> (resource version, value)."""
        return {
            name: (made["metadata"]["resourceVersion"], made["value"]) for name, made in self.objects.items()
        }

    def page(self, *, limit: int, start: int, version: int, snapshot: list[dict[str, Any]]) -> bytes:
        items = snapshot[start : start + limit] if limit else snapshot[start:]
        end = start + len(items)
        meta: dict[str, Any] = {"resourceVersion": str(version)}
        if end < len(snapshot):
            meta |= {"continue": f"{version}-{end}", "remainingItemCount": len(snapshot) - end}
        head = {"kind": "ThingList", "apiVersion": "example.org/v1", "metadata": meta, "items": items}
        return json.dumps(head, separators=(",", ":")).encode()


def status_body(code: int, reason: str, message: str = "", **details: Any) -> bytes:
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message or reason}
    return json.dumps({**body, "reason": reason, "code": code, "details": details}).encode()
