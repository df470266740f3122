"""Edit: an object as a person rewrote it. Only what they changed is sent, and only onto what they saw.

The text is the object without what the server keeps (status, versions, field owners). Their change is a
JSON merge patch between the object as it was opened and their text; what others changed meanwhile stays, and
where both changed one field nothing is guessed (see :class:`Overtaken`).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backend.fleet.acts.act import Act, Already, Obj, Plan, Refused, metadata_of, names
from backend.fleet.acts.steps import Patch
from backend.fleet.objects import Found, typed
from backend.kube.objects import ApiResource
from backend.resources.document import presentable, to_yaml
from backend.resources.merging import Path, clashes, difference, merged, paths, value_at, written
from backend.resources.reading import Unreadable, object_of
from backend.text import SafeStr, safe_text

_SERVERS_OWN = frozenset(
    {"uid", "resourceVersion", "generation", "creationTimestamp", "selfLink", "managedFields"}
)
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))


class Overtaken(Refused):
    """Somebody else changed the same fields meanwhile.

    ``text``: theirs with ours on top, to look at again; ``now``: the object that it is on top of.
    """

    def __init__(self, place: str, fields: list[str], text: SafeStr, now: Found) -> None:
        super().__init__(
            f"{place} was changed by somebody else meanwhile, in the same fields: {names(fields)}",
            advice="Your text is not lost. Edit again: it is put on top of the object as it is now.",
        )
        self.text = text
        self.now = now


def opened_text(found: Found) -> SafeStr:
    """The object as it is given to an editor."""
    return to_yaml(_shown(found))


def editing(original: Found) -> Act:
    """The act for an object that was opened in this state; the answer to it is the edited text."""

    async def draw_up(found: Found, answer: str) -> Plan:
        return _draw_up(original, found, answer)

    return replace(ACT, draw_up=draw_up)


def preview_lines(plan: Plan) -> SafeStr:
    """What would change, as a unified diff; of the object as the server would store it when it told."""
    before = _shown(plan.found)
    would_be = plan.tried or merged(plan.found.obj, plan.step.change if isinstance(plan.step, Patch) else {})
    after = _shown(replace(plan.found, obj=dict(would_be)))
    old, new = (str(to_yaml(value)).splitlines() for value in (before, after))
    lines = difflib.unified_diff(old, new, "as it is", "as it would be", lineterm="", n=3)
    return safe_text("\n".join(lines), multiline=True, limit=1 << 20)


def _draw_up(original: Found, found: Found, text: str) -> Plan:
    try:
        edited = object_of(text)
    except Unreadable as error:
        raise Refused(error.sentence, advice=error.advice) from None
    was, now = _shown(original), _shown(found)
    for path in _IDENTITY:
        if value_at(edited, path) != value_at(was, path):
            raise Refused(
                f"{written(path)} can't be changed by an edit",
                advice="That would be another object; copy it with: navarch yaml",
            )
    mine, theirs = difference(was, edited), difference(was, now)
    if not mine or merged(now, mine) == now:
        raise Already("nothing was changed")
    if both := clashes(mine, theirs):
        text_again = to_yaml(merged(now, mine))
        raise Overtaken(str(found.place), [written(path) for path in both], text_again, found)
    return _plan(found, mine)


def _plan(found: Found, change: dict[str, Any]) -> Plan:
    fields = list(paths(change))
    told = names([written(path) for path in fields])

    def values(obj: Obj) -> list[object]:
        return [value_at(obj, path) for path in fields]

    return Plan(
        act="edit",
        found=found,
        step=Patch(change=change),
        effect=safe_text(f"changed: {told}"),
        done=safe_text("edited"),
        basis=values,
        achieved=lambda answer: _removed(answer, change, fields),
        # Names of fields, not their values: those of a ConfigMap may be secret.
        note=f"fields: {names([written(path) for path in fields], most=20)}",
    )


def _removed(answer: Obj, change: Mapping[str, Any], fields: list[Path]) -> bool:
    """Whether what was taken out is gone. (What was put in, the server may have written in another way.)"""
    return all(
        value_at(answer, path) is None or value_at(change, path) is not None or path[0] == "status"
        for path in fields
    )


def _shown(found: Found) -> dict[str, Any]:
    """The object without what is the server's alone."""
    obj = presentable(typed(found.obj, found.resource))
    obj.pop("status", None)
    obj["metadata"] = {key: value for key, value in metadata_of(obj).items() if key not in _SERVERS_OWN}
    return obj


def _unfit(resource: ApiResource) -> str:
    if resource.full_name == "secrets":
        return "an editor would write its values into files; use kubectl edit if you accept that"
    return "" if not resource.verbs or "patch" in resource.verbs else "its server can't change this kind"


async def _from_now(found: Found, answer: str) -> Plan:
    return _draw_up(found, found, answer)


ACT = Act("edit", "Edit", unfit=_unfit, draw_up=_from_now)
