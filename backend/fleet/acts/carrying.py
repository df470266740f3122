"""From an object to a plan, and from a plan to what came of it: the same guards for every act."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from backend.fleet.acts.act import Act, JournalLike, Obj, Plan, Refused, check_allowed, metadata_of, sentences
from backend.fleet.objects import Found, read
from backend.journal.journal import Outcome
from backend.kube.errors import ApiError, Conflict, KubeError
from backend.text import SafeStr, safe_text

_TRIES = 5
_answer = msgspec.json.Decoder(dict[str, object])


async def preview(act: Act, found: Found, answer: str = "") -> Plan:
    """Read the object again, say what the act would do, and let the server try it without doing it.

    ``answer``: to the act's question. Raises Refused on a read-only cluster or when the act makes no sense,
    Conflict when it is another object by now, NotFound when it is gone, and what the server says to the dry
    run: a right that is missing, an admission policy.
    """
    check_allowed(act, found)
    for attempt in range(_TRIES):
        plan = await act.draw_up(await _again(found), answer)
        version = plan.found.resource_version
        try:
            body = await plan.step.send(plan.found, resource_version=version, dry_run=True)
        except Conflict:
            if attempt == _TRIES - 1:
                raise  # a controller that writes its status this fast will let nobody in between
        except ApiError as error:
            if not _can_not_be_tried(error):
                raise
            untried = sentences(f"it could not be tried first: {error.sentence}")
            return replace(plan, warnings=(*plan.warnings, *untried))
        else:
            return replace(plan, tried=_read(body))
    raise AssertionError("the last try returns or raises")


async def carry_out(
    plan: Plan, *, journal: JournalLike | None, confirmed: str = "", dry_run: bool = False
) -> SafeStr:
    """Do what was previewed, unless what it rests on changed since; returns what happened in a sentence.

    ``confirmed``: the name that was typed, needed on a protected cluster. Raises Refused, Conflict when it is
    another object by now or the plan's basis changed, NotFound, and what the request raises.
    """
    found = plan.found
    if dry_run:
        await plan.step.send(found, resource_version=found.resource_version, dry_run=True)
        return safe_text(f"{found.place} could be {plan.done} (dry run: nothing was changed)")
    if plan.must_type and confirmed != plan.must_type:
        raise Refused(
            f"{found.cluster.name} is protected: {found.place} was not confirmed",
            advice=f"Nothing was changed. Confirm its name exactly: {safe_text(found.name)}",
        )
    note = _Note(journal, plan)
    note(Outcome.STARTED, plan.note or plan.effect)
    try:
        body = await _persist(plan)
    except KubeError as error:
        note(Outcome.FAILED, error.sentence)
        raise
    if not plan.achieved(_read(body)):
        note(Outcome.FAILED, f"{plan.effect}: accepted, but the object does not show it")
        raise KubeError(
            found.cluster.name,
            f"{found.place}: the server accepted it, but the object does not show it",
            advice="Something else (an admission policy, a controller) decides this; look at its YAML.",
        )
    note(Outcome.DONE, plan.note or plan.effect)
    return safe_text(f"{found.place} {plan.done}")


async def _again(found: Found) -> Found:
    obj = await read(found.cluster, found.resource, found.name, namespace=found.namespace or None)
    now = Found(cluster=found.cluster, resource=found.resource, obj=obj)
    if now.uid != found.uid:
        raise Conflict(
            found.cluster.name,
            f"{found.place} is another object than the one shown",
            code=409,
            reason="Conflict",
        )
    return now


async def _persist(plan: Plan) -> bytes:
    """Send with preconditions; a new version whose basis is the same is still the one meant."""
    found, version = plan.found, plan.found.resource_version
    for attempt in range(_TRIES):
        try:
            return await plan.step.send(found, resource_version=version, dry_run=False)
        except Conflict:
            latest = await read(found.cluster, found.resource, found.name, namespace=found.namespace or None)
            same = metadata_of(latest).get("uid") == found.uid and plan.basis(latest) == plan.basis(found.obj)
            if attempt == _TRIES - 1 or not same:
                raise
            version = str(metadata_of(latest).get("resourceVersion", ""))
    raise AssertionError("the last try returns or raises")


def _can_not_be_tried(error: ApiError) -> bool:
    """A webhook with side effects refuses dry runs, not the act (admission.k8s.io, sideEffects)."""
    return error.code == 400 and "dry run" in f"{error.sentence} {error.detail}"


def _read(body: bytes) -> Obj:
    try:
        return _answer.decode(body)
    except msgspec.MsgspecError:
        return {}


class _Note:
    """Writes the journal's lines of one act."""

    def __init__(self, journal: JournalLike | None, plan: Plan) -> None:
        self._journal = journal
        self._plan = plan

    def __call__(self, outcome: Outcome, detail: str) -> None:
        if self._journal is not None:
            self._journal.append(
                self._plan.act,
                outcome=outcome,
                cluster=str(self._plan.cluster.name),
                object=str(self._plan.found.place),
                detail=str(detail),
            )
