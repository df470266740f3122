"""Acts that change a cluster: previewed on the object as it is now, guarded, journalled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from backend.fleet.cluster import Cluster
from backend.fleet.dependents import falls_with
from backend.fleet.objects import Found, read
from backend.journal.journal import Outcome
from backend.kube.errors import Conflict, KubeError
from backend.kube.writes import Propagation
from backend.text import SafeStr, safe_text

_TRIES = 3


class JournalLike(Protocol):
    """Where acts are written down (``backend.journal.Journal``)."""

    def append(
        self, act: str, *, outcome: Outcome = ..., cluster: str = "", object: str = "", detail: str = ""
    ) -> int: ...


class Refused(Exception):
    """Not done, for safety; nothing was changed."""

    exit_code = 4

    def __init__(self, sentence: str, *, advice: str = "") -> None:
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletePreview:
    """What a deletion would do, as of now."""

    found: Found
    propagation: Propagation
    falls: tuple[SafeStr, ...]
    """What else goes, in sentences: ``3 pods``, ``everything in the namespace: 12 pods…``."""
    warnings: tuple[SafeStr, ...]

    @property
    def cluster(self) -> Cluster:
        return self.found.cluster

    @property
    def must_type(self) -> str:
        """The name a person has to type to confirm; empty on a plain cluster."""
        return self.found.name if self.cluster.member.protected else ""


async def preview_delete(found: Found, *, propagation: Propagation = "Background") -> DeletePreview:
    """Read the object again and say what its deletion would do.

    Raises Refused on a read-only cluster, NotFound when it is gone, and what reading raises.
    """
    member = found.cluster.member
    if member.read_only:
        raise Refused(
            f"{found.cluster.name} is marked read-only",
            advice="Nothing was changed. If that is meant: navarch cluster read-only NAME --off",
        )
    obj = await read(found.cluster, found.resource, found.name, namespace=found.namespace or None)
    if _metadata(obj).get("uid") != _metadata(found.obj).get("uid"):
        raise Conflict(
            found.cluster.name,
            f"{found.place} is another object than the one shown",
            code=409,
            reason="Conflict",
        )
    now = Found(cluster=found.cluster, resource=found.resource, obj=obj)
    falls = await falls_with(now) if propagation != "Orphan" else []
    return DeletePreview(
        found=now, propagation=propagation, falls=tuple(falls), warnings=tuple(_warnings(obj))
    )


def _warnings(obj: Mapping[str, Any]) -> Iterable[SafeStr]:
    metadata = _metadata(obj)
    if metadata.get("deletionTimestamp"):
        yield safe_text("it is being deleted already")
    if finalizers := metadata.get("finalizers"):
        yield safe_text(f"it goes only when its finalizers are done: {', '.join(map(str, finalizers))}")
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            yield safe_text(f"{owner.get('kind')} {owner.get('name')} will make another one")


async def delete(
    preview: DeletePreview, *, journal: JournalLike | None, confirmed: str = "", dry_run: bool = False
) -> SafeStr:
    """Delete what was previewed, unless it changed since; returns what happened in a sentence.

    ``confirmed``: the name that was typed, needed on a protected cluster. Raises Refused, Conflict when it is
    another object by now or somebody changed more than its status, NotFound, and what deleting raises.
    """
    found = preview.found
    if preview.must_type and confirmed != preview.must_type and not dry_run:
        raise Refused(
            f"{found.cluster.name} is protected: {found.place} was not confirmed",
            advice=f"Nothing was changed. Confirm its name exactly: {safe_text(found.name)}",
        )
    if dry_run:
        await _send(preview, found.obj, dry_run=True)
        return safe_text(f"{found.place} could be deleted (dry run: nothing was changed)")
    detail = f"{preview.propagation} propagation"
    note = _Note(journal, found)
    note(Outcome.STARTED, detail)
    try:
        await _persist(preview)
    except KubeError as error:
        note(Outcome.FAILED, error.sentence)
        raise
    note(Outcome.DONE, detail)
    held = _metadata(found.obj).get("finalizers")
    return safe_text(f"{found.place} {'is being deleted' if held else 'deleted'}")


async def _persist(preview: DeletePreview) -> None:
    """Delete with preconditions; an object whose status alone moved on meanwhile is still the one meant."""
    found, obj = preview.found, preview.found.obj
    for attempt in range(_TRIES):
        try:
            await _send(preview, obj, dry_run=False)
            return
        except Conflict:
            latest = await read(found.cluster, found.resource, found.name, namespace=found.namespace or None)
            if attempt == _TRIES - 1 or _essence(latest) != _essence(obj):
                raise
            obj = latest


async def _send(preview: DeletePreview, obj: Mapping[str, Any], *, dry_run: bool) -> None:
    found, metadata = preview.found, _metadata(obj)
    await found.cluster.client.delete(
        found.resource,
        found.name,
        namespace=found.namespace or None,
        uid=metadata.get("uid"),
        resource_version=metadata.get("resourceVersion"),
        propagation=preview.propagation,
        dry_run=dry_run,
    )


def _essence(obj: Mapping[str, Any]) -> object:
    """All but what changes by itself: status, versions, bookkeeping of field owners."""
    metadata = {k: v for k, v in _metadata(obj).items() if k not in ("resourceVersion", "managedFields")}
    return {key: value for key, value in obj.items() if key != "status"} | {"metadata": metadata}


def _metadata(obj: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = obj.get("metadata") or {}
    return found


class _Note:
    """Writes the journal's lines of one act."""

    def __init__(self, journal: JournalLike | None, found: Found) -> None:
        self._journal = journal
        self._found = found

    def __call__(self, outcome: Outcome, detail: str) -> None:
        if self._journal is not None:
            self._journal.append(
                "delete",
                outcome=outcome,
                cluster=str(self._found.cluster.name),
                object=str(self._found.place),
                detail=detail,
            )
