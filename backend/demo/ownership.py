"""Field ownership: managedFields of every write, and server-side apply with its conflicts (KEP-555)."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass
from typing import Any

from backend.demo import fieldsets
from backend.demo.ages import rfc3339
from backend.demo.fieldsets import FieldSet, Path
from backend.demo.schema import Schema
from backend.demo.status import ApiError

BEFORE = "before-first-apply"


@dataclass(frozen=True, slots=True)
class Manager:
    """Who owns fields: a name, how it wrote, in which version, through which subresource."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""
    time: str = ""

    @property
    def identity(self) -> tuple[str, str, str, str]:
        return (self.name, self.operation, self.api_version, self.subresource)

    def shown(self) -> str:
        """As conflict messages name it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == "Update":
            text += f" using {self.api_version}"
        return text


Owners = dict[Manager, FieldSet]


def read_owners(obj: dict[str, Any]) -> Owners:
    owners: Owners = {}
    for entry in obj["metadata"].get("managedFields") or ():
        manager = Manager(
            entry.get("manager", ""),
            entry.get("operation", ""),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            entry.get("time", ""),
        )
        owners[manager] = fieldsets.decode(entry.get("fieldsV1") or {})
    return owners


def write_owners(obj: dict[str, Any], owners: Owners) -> None:
    entries = []
    for manager, owned in sorted(
        owners.items(), key=lambda pair: (pair[0].operation, pair[0].time, pair[0].name)
    ):
        if not owned:
            continue
        entry: dict[str, Any] = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": manager.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": fieldsets.encode(owned),
        }
        if manager.subresource:
            entry["subresource"] = manager.subresource
        entries.append({key: value for key, value in entry.items() if value})
    obj["metadata"].pop("managedFields", None)
    if entries:
        obj["metadata"]["managedFields"] = entries


def record_update(
    old: dict[str, Any] | None,
    new: dict[str, Any],
    schema: Schema,
    *,
    name: str,
    api_version: str,
    subresource: str,
    has_status: bool = False,
) -> None:
    """Give the writer of ``new`` the fields that it changed; take changed and removed ones from others."""
    owners = read_owners(new if "managedFields" in new["metadata"] else old or new)
    skipped = "f:status" if has_status and subresource != "status" else ""

    def fields(obj: dict[str, Any] | None) -> dict[Path, Any]:
        found = fieldsets.flatten(obj, schema, containers=True) if obj is not None else {}
        return {path: value for path, value in found.items() if path[0] != skipped}

    before, after = fields(old), fields(new)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    removed = before.keys() - after.keys()
    writer = Manager(name, "Update", api_version, subresource, rfc3339(time.time()))
    kept: Owners = {}
    mine: FieldSet = frozenset()
    for manager, owned in owners.items():
        if manager.identity == writer.identity:
            mine = owned
            if not changed and not removed & owned:
                writer = manager
            continue
        kept[manager] = owned - changed - removed
    kept[writer] = (mine | changed) - removed
    write_owners(new, kept)


def apply(
    live: dict[str, Any] | None,
    applied: dict[str, Any],
    schema: Schema,
    *,
    name: str,
    api_version: str,
    subresource: str,
    force: bool,
) -> dict[str, Any]:
    """Server-side apply; returns the new object. Raises ApiError 409 naming each conflict."""
    config = {
        key: value for key, value in copy.deepcopy(applied).items() if key not in ("apiVersion", "kind")
    }
    config["metadata"].pop("managedFields", None)
    wanted = frozenset(fieldsets.flatten(config, schema))
    now = rfc3339(time.time())
    if live is None:
        write_owners(config, {Manager(name, "Apply", api_version, subresource, now): wanted})
        return config
    owners = read_owners(live) or {
        _first_owner(live, api_version): frozenset(fieldsets.flatten(live, schema))
    }
    mine = next((m for m in owners if m.identity == (name, "Apply", api_version, subresource)), None)
    merged: dict[str, Any] = fieldsets.merge(copy.deepcopy(live), config, schema)
    before, after = fieldsets.flatten(live, schema), fieldsets.flatten(merged, schema)
    changed = {path for path, value in after.items() if path not in before or before[path] != value}
    others = {manager: owned for manager, owned in owners.items() if manager != mine}
    conflicts = {manager: clash for manager, owned in others.items() if (clash := owned & changed & wanted)}
    if conflicts and not force:
        raise _conflict(conflicts)
    for manager, clash in conflicts.items():
        others[manager] -= clash
    dropped = (owners[mine] if mine else frozenset()) - wanted
    _prune(merged, dropped, others, schema)
    gone = before.keys() - fieldsets.flatten(merged, schema).keys()
    others = {manager: owned - gone for manager, owned in others.items()}
    same = mine is not None and owners[mine] == wanted and not changed and not gone
    writer = mine if same and mine else Manager(name, "Apply", api_version, subresource, now)
    write_owners(merged, {**others, writer: wanted})
    return merged


def _first_owner(live: dict[str, Any], api_version: str) -> Manager:
    """Whoever wrote an object before ownership was tracked."""
    return Manager(BEFORE, "Update", api_version, "", live["metadata"].get("creationTimestamp", ""))


def _prune(merged: dict[str, Any], dropped: FieldSet, others: Owners, schema: Schema) -> None:
    """Remove what the applier gave up and nobody else owns."""
    held: set[Path] = set()
    for owned in others.values():
        held.update(owned)
        held.update(path[:length] for path in owned for length in range(1, len(path)))
    for path in sorted(dropped, key=len):  # an item goes as a whole, before its keys
        if path not in held:
            fieldsets.remove(merged, path, schema)


def _conflict(conflicts: dict[Manager, FieldSet]) -> ApiError:
    causes, parts, total = [], [], 0
    for manager, clash in sorted(conflicts.items(), key=lambda pair: pair[0].name):
        paths = list(map(fieldsets.shown, fieldsets.ordered(clash)))
        total += len(paths)
        for path in paths:
            message = f"conflict with {manager.shown()}"
            causes.append({"reason": "FieldManagerConflict", "message": message, "field": path})
        word = "conflict" if len(paths) == 1 else "conflicts"
        parts.append(f"{word} with {manager.shown()}:\n" + "\n".join(f"- {path}" for path in paths))
    if total == 1:
        text = f"Apply failed with 1 conflict: {causes[0]['message']}: {causes[0]['field']}"
    else:
        text = f"Apply failed with {total} conflicts: " + "\n".join(parts)
    return ApiError(409, "Conflict", text, details={"causes": causes})
