"""What changed just before it got bad: said with its evidence, graded, and never more than is known.

A change that comes before a problem need not be its cause. LIKELY is said only where the problem keeps to
what was changed: only pods of the new revision have it, or only what runs on the node that went, or the
problem is that very rollout, which did not finish in its time. All else that changed on the same chain
shortly before is POSSIBLE. Nothing is said to be a cause.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from backend.observe.timeline.happening import Happening, What
from backend.observe.timeline.relatives import Relatives
from backend.observe.timeline.shapes import mapping, text
from backend.resources.duration import human_duration
from backend.resources.kind import Health

BEFORE = 1800.0
"""Seconds before the first problem in which changes are looked at."""
_AFTER = 5.0
"""Clocks of reporters are known to a few seconds: so much later a change may still have come first."""
_ROLLING = 600.0
"""Seconds that a rollout's steps may be apart from its beginning."""
QUIET = 1800.0
"""Seconds without a problem that end a bad time."""
_MOST = 3
UNREAD = "What it has to do with can't be read now: these are the events about the object itself."


class Weight(Enum):
    LIKELY = "likely related"
    POSSIBLE = "possibly related"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    change: Happening
    weight: Weight
    evidence: tuple[str, ...]
    """Sentences; unsafe text of the cluster is in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What can be said of the latest bad time."""

    onset: Happening | None = None
    """The first problem in it; None: there is no problem."""
    over: bool = False
    """The last problem was a while ago."""
    suspicions: tuple[Suspicion, ...] = ()
    """The likely ones first, then the latest; at most three."""


def look_into(happenings: Sequence[Happening], relatives: Relatives, *, now: float) -> Finding:
    """``happenings`` in any order."""
    problems = sorted((one for one in happenings if _problem(one)), key=lambda one: one.at, reverse=True)
    if not problems:
        return Finding()
    # Warnings are everywhere; where something fails, they do not date it.
    problems = [one for one in problems if one.health is Health.FAILING] or problems
    onset = _onset(problems)
    changes = [one for one in happenings if _suspect(one, onset) or _timed_out(one, onset)]
    changes = [one for one in changes if not _told_by(one, changes)]
    found = [_weighed(change, onset, problems, relatives) for change in changes]
    found.sort(key=lambda one: (one.weight is not Weight.LIKELY, -one.change.at))
    return Finding(onset=onset, over=now - problems[0].at > QUIET, suspicions=tuple(found[:_MOST]))


def _problem(one: Happening) -> bool:
    """A symptom: not somebody's deletion."""
    return one.health.problem and one.what is not What.LIFE and one.at > 0


def _onset(problems: Sequence[Happening]) -> Happening:
    """The first of the latest bad time; ``problems`` the latest first."""
    first, reached = problems[0], problems[0].since
    for one in problems[1:]:
        if one.at < reached - QUIET:
            break
        if one.since <= reached:
            first, reached = one, one.since
    return first


def _suspect(one: Happening, onset: Happening) -> bool:
    """Something that was done, or befell what the object stands on, shortly before."""
    if one is onset:
        return False
    done = one.what in (What.ROLLOUT, What.CHANGE) or one.title == "ScalingReplicaSet"
    stands_on = one.subject.role == "node" and one.health.problem
    return (done or stands_on) and onset.since - BEFORE <= one.since <= onset.since + _AFTER


def _timed_out(one: Happening, onset: Happening) -> bool:
    """The rollout whose deadline ran out, however long that was: the condition names its replica set."""
    judged = onset.what is What.CONDITION and onset.title == "Progressing=False"
    return judged and one.what is What.ROLLOUT and f'"{one.subject.name}"' in onset.text


def _told_by(one: Happening, changes: Sequence[Happening]) -> bool:
    """A workload's scaling of its replica sets is how it rolls out: the revision says more."""
    return one.title == "ScalingReplicaSet" and any(
        other.what is What.ROLLOUT and abs(other.at - one.since) < _ROLLING for other in changes
    )


def _weighed(
    change: Happening, onset: Happening, problems: Sequence[Happening], relatives: Relatives
) -> Suspicion:
    apart = onset.since - change.since
    when = f"{human_duration(abs(apart))} {'before' if apart >= 0 else 'after'} the first {onset.title}"
    evidence = [when]
    weight = Weight.POSSIBLE
    bad = {
        one.subject.key for one in problems if one.subject.kind == "Pod" and one.at >= onset.since - _AFTER
    }
    pods = relatives.of_kind("Pod")
    if change.what is What.ROLLOUT:
        new = [one.subject for one in pods if one.subject.part == change.subject.name]
        old = [one.subject for one in pods if one.subject.part != change.subject.name]
        hit, spared = sum(pod.key in bad for pod in new), sum(pod.key not in bad for pod in old)
        if new:
            evidence.append(f"{hit} of {len(new)} pods of this revision have problems")
        if old:
            evidence.append(f"{spared} of {len(old)} other pods have none")
        if hit and spared == len(old) and (old or hit == len(new)):
            weight = Weight.LIKELY
        if _timed_out(change, onset):
            evidence.append("it is this rollout that did not finish in its time")
            weight = Weight.LIKELY
    elif change.subject.role == "node":
        here = [one.subject for one in pods if _node_of(one.obj) == change.subject.name]
        there = [one.subject for one in pods if _node_of(one.obj) not in ("", change.subject.name)]
        hit, spared = sum(pod.key in bad for pod in here), sum(pod.key not in bad for pod in there)
        evidence.append(f"{hit} of {len(here)} pods on this node have problems")
        if there:
            evidence.append(f"{spared} of {len(there)} pods elsewhere have none")
        if hit and spared == len(there):
            weight = Weight.LIKELY
    elif change.subject.role in ("config", "secret"):
        evidence.append(f"pods use this {change.subject.kind}")
    if change.evidence:
        evidence.append(f"known from {change.evidence}")
    return Suspicion(change=change, weight=weight, evidence=tuple(evidence))


def _node_of(pod: Mapping[str, Any]) -> str:
    return text(mapping(pod, "spec"), "nodeName")


def words(finding: Finding, *, looked: bool = True) -> list[tuple[Health, str]]:
    """One line each, with how bad it is: what can be said in short.

    ``looked``: the objects were read; before that nothing is said of changes.
    """
    onset = finding.onset
    if onset is None:
        return [(Health.OK, "No problem is known.")]
    about = f"{onset.subject.kind.lower()}/{onset.subject.name}"
    state = "It was bad" if finding.over else "It is bad"
    said = [(Health.WARNING if finding.over else Health.FAILING, f"{state} since {onset.title} of {about}.")]
    for one in finding.suspicions:
        change = one.change
        what = f"{change.title} of {change.subject.kind.lower()}/{change.subject.name}"
        more = f" ({change.text})" if change.text else ""
        said.append((Health.UNKNOWN, f"{one.weight.value}: {what}{more}: {'; '.join(one.evidence)}"))
    if looked and not finding.suspicions:
        said.append((Health.UNKNOWN, f"No change is known in the {BEFORE / 60:.0f} minutes before."))
    return said
