"""Delete: with what falls, and bound to the very object that was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from backend.fleet.acts.act import Act, Obj, Plan, essence, metadata_of
from backend.fleet.acts.steps import Delete
from backend.fleet.dependents import falls_with
from backend.fleet.objects import Found
from backend.kube.objects import ApiResource
from backend.kube.writes import Propagation
from backend.resources import registry
from backend.text import SafeStr, safe_text


def with_propagation(plan: Plan, propagation: Propagation) -> Plan:
    """The same deletion, with another fate for what the object owns."""
    falls = () if propagation == "Orphan" else plan.falls
    return replace(plan, step=Delete(propagation=propagation), falls=falls, note=f"{propagation} propagation")


async def _draw_up(found: Found, answer: str) -> Plan:
    """``answer``: Background (also when empty), Foreground or Orphan."""
    held = metadata_of(found.obj).get("finalizers")
    plan = Plan(
        act="delete",
        found=found,
        step=Delete(propagation="Background"),
        effect=safe_text("it is gone"),
        done=safe_text("deleted; it goes when its finalizers are done" if held else "deleted"),
        basis=essence,
        falls=tuple(await falls_with(found)) if answer != "Orphan" else (),
        warnings=tuple(_warnings(found.obj)),
    )
    chosen: dict[str, Propagation] = {"Foreground": "Foreground", "Orphan": "Orphan"}
    return with_propagation(plan, chosen.get(answer, "Background"))


def _warnings(obj: Obj) -> Iterable[SafeStr]:
    metadata = metadata_of(obj)
    if metadata.get("deletionTimestamp"):
        yield safe_text("it is being deleted already")
    if finalizers := metadata.get("finalizers"):
        yield safe_text(f"it goes only when its finalizers are done: {', '.join(map(str, finalizers))}")
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            yield safe_text(f"{owner.get('kind')} {owner.get('name')} will make another one")


def _unfit(resource: ApiResource) -> str:
    kind = registry.for_resource(resource)
    if kind is not None and kind.composed:
        return "its objects would stay behind without an owner; use helm uninstall"
    return "" if not resource.verbs or "delete" in resource.verbs else "its server can't delete this kind"


ACT = Act("delete", "Delete", unfit=_unfit, draw_up=_draw_up, danger=True)
