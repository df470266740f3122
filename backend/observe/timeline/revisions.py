"""Rollouts: what each revision of a workload changed in its pods' template, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from backend.observe.timeline.happening import Happening, What
from backend.observe.timeline.relatives import Relative, Relatives
from backend.observe.timeline.shapes import mapping, mappings, text
from backend.resources.duration import epoch

REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"
_MOST_PATHS = 6
_HASHES = ("pod-template-hash", "controller-revision-hash", "pod-template-generation")
RESTARTED = "kubectl.kubernetes.io/restartedAt"


def rollouts(relatives: Relatives) -> Iterator[Happening]:
    """One for each revision that is still known; the first one made the workload."""
    sets = [one for one in relatives.of_kind("ReplicaSet") if number(one) > 0]
    versions = [one for one in relatives.of_kind("ControllerRevision") if number(one) > 0]
    for found in (sets, versions):
        yield from _rollouts(sorted(found, key=number))


def _rollouts(found: Sequence[Relative]) -> Iterator[Happening]:
    for before, after in pairwise(found):
        what = differences(template(before.obj), template(after.obj))
        again = _created(after) < _created(before)
        yield Happening(
            at=_written(after) if again else _created(after),
            what=What.ROLLOUT,
            subject=after.subject,
            title=f"revision {number(after)}",
            text=_text(after, what, again=again),
            evidence=f"{after.subject.kind} {after.subject.name}",
        )


def number(one: Relative) -> int:
    """Of its revision; 0: it has none."""
    given = one.obj.get("revision") or mapping(one.obj, "metadata", "annotations").get(REVISION)
    try:
        return int(given or 0)
    except (TypeError, ValueError):
        return 0


def template(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    """The pods' template of a replica set or controller revision."""
    return mapping(obj, "spec", "template") or mapping(obj, "data", "spec", "template")


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """``image api: 1.2 → 1.3``, ``env api: +DEBUG``, ``resources api``: never other values."""
    told: list[str] = []
    old, new = _containers(before), _containers(after)
    told += [f"+container {name}" for name in new if name not in old]
    told += [f"-container {name}" for name in old if name not in new]
    for name in (name for name in new if name in old):
        told += _container(name, old[name], new[name])
    marks = mapping(before, "metadata", "annotations"), mapping(after, "metadata", "annotations")
    if marks[0].get(RESTARTED) != marks[1].get(RESTARTED):
        told.append("restarted on request")
    rest = [
        path
        for path in _paths(before, after)
        if not path.startswith(("spec.containers", "spec.initContainers"))
        and not any(skip in path for skip in (*_HASHES, RESTARTED))
    ]
    return told + rest


def _container(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    if old.get("image") != new.get("image"):
        yield f"image {name}: {_images(str(old.get('image') or ''), str(new.get('image') or ''))}"
    variables = _names(old.get("env")), _names(new.get("env"))
    changed = [f"+{one}" for one in variables[1] if one not in variables[0]]
    changed += [f"-{one}" for one in variables[0] if one not in variables[1]]
    changed += [one for one in variables[1] if one in variables[0] and variables[0][one] != variables[1][one]]
    if changed:
        yield f"env {name}: {', '.join(changed[:_MOST_PATHS])}"
    for part in sorted({*old, *new} - {"image", "env", "name"}):
        if old.get(part) != new.get(part):
            yield f"{part} {name}"


def _text(one: Relative, what: Sequence[str], *, again: bool) -> str:
    cause = mapping(one.obj, "metadata", "annotations").get(CAUSE)
    told = [f"back to {one.subject.name}" if again else "", *what[:_MOST_PATHS]]
    if len(what) > _MOST_PATHS:
        told.append(f"and {len(what) - _MOST_PATHS} more")
    told.append(f"cause: {cause}" if cause else "")
    return "; ".join(part for part in told if part) or "no difference in the template"


def _containers(pods: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    spec = mapping(pods, "spec")
    listed = [*mappings(spec.get("initContainers")), *mappings(spec.get("containers"))]
    return {str(one.get("name", "")): one for one in listed}


def _names(variables: object) -> dict[str, Any]:
    return {str(one.get("name", "")): one for one in mappings(variables)}


def _images(old: str, new: str) -> str:
    """``2.1 → 2.2`` where only the tag is another one; registries are left out."""
    (before, tag), (after, to) = _split(old), _split(new)
    if before == after:
        return f"{tag or 'latest'} → {to or 'latest'}"
    return f"{old.rpartition('/')[2]} → {new.rpartition('/')[2]}"


def _split(image: str) -> tuple[str, str]:
    """(repository, tag or the beginning of the digest)."""
    name, _, digest = image.partition("@")
    folder, slash, last = name.rpartition("/")
    repository, _, tag = last.partition(":")
    return f"{folder}{slash}{repository}", digest[:19] or tag


def _paths(before: object, after: object, path: str = "") -> Iterator[str]:
    """Paths of what differs, two steps deep: names of fields, no values."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping) and path.count(".") < 2:
        for key in sorted({*before, *after}, key=str):
            yield from _paths(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
        return
    yield path


def _created(one: Relative) -> float:
    return epoch(text(mapping(one.obj, "metadata"), "creationTimestamp"))


def _written(one: Relative) -> float:
    """When the revision's number was last written: of a roll-back, which uses an old replica set again."""
    times = [
        epoch(text(entry, "time"))
        for entry in mappings(mapping(one.obj, "metadata").get("managedFields"))
        if f"f:{REVISION}" in str(entry.get("fieldsV1"))
    ]
    return max(times, default=0.0)
