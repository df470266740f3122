"""What changed before it got bad: likely only with evidence that speaks for it, never more than is known."""

from __future__ import annotations

from dataclasses import replace

from backend.observe.timeline.happening import Happening, Subject, What
from backend.observe.timeline.revisions import rollouts
from backend.observe.timeline.suspicion import Finding, Weight, look_into, words
from backend.resources.kind import Health
from tests.observe.timeline.objects import NOW, pod, relative, relatives, replica_set, trouble

OLD = relative("ReplicaSet", replica_set("api-1", 1, "shop/api:1.2", ago=90_000))
NEW = relative("ReplicaSet", replica_set("api-2", 2, "shop/api:1.3", ago=700))
PODS = [relative("Pod", pod(f"api-2-{n}", of="api-2")) for n in "ab"]
OLD_PODS = [relative("Pod", pod(f"api-1-{n}", of="api-1", ago=90_000)) for n in "cd"]
FAMILY = relatives(OLD, NEW, *PODS, *OLD_PODS)
ROLLOUT = list(rollouts(FAMILY))


def finding(*problems: Happening, changes: list[Happening] | None = None) -> Finding:
    return look_into([*problems, *(ROLLOUT if changes is None else changes)], FAMILY, now=NOW)


def test_only_pods_of_the_new_revision_fail() -> None:
    found = finding(trouble("api-2-a", ago=20, begun=600), trouble("api-2-b", ago=30, begun=590))
    assert found.onset is not None
    assert found.onset.subject.name == "api-2-a"
    (suspicion,) = found.suspicions
    assert suspicion.weight is Weight.LIKELY
    assert suspicion.evidence[:3] == (
        "100s before the first BackOff",
        "2 of 2 pods of this revision have problems",
        "2 of 2 other pods have none",
    )
    assert [health for health, _ in words(found)] == [Health.FAILING, Health.UNKNOWN]


def test_old_pods_fail_too_so_the_rollout_is_only_possible() -> None:
    found = finding(trouble("api-2-a", ago=20, begun=600), trouble("api-1-c", ago=30, begun=500))
    (suspicion,) = found.suspicions
    assert suspicion.weight is Weight.POSSIBLE
    assert "1 of 2 other pods have none" in suspicion.evidence


def test_what_changed_after_it_got_bad_or_long_before_is_no_suspect() -> None:
    assert finding(trouble("api-2-a", ago=20, begun=900)).suspicions == ()
    late = finding(trouble("api-1-c", ago=20), changes=[replace(ROLLOUT[0], at=NOW - 20 - 3600)])
    assert late.suspicions == ()
    assert words(late)[-1][1] == "No change is known in the 30 minutes before."


def test_a_quiet_hour_ends_a_bad_time() -> None:
    found = finding(trouble("api-1-c", ago=20_000), trouble("api-2-a", ago=500))
    assert found.onset is not None
    assert found.onset.subject.name == "api-2-a"
    over = finding(trouble("api-2-a", ago=4000), changes=[])
    assert over.over
    assert words(over)[0][1].startswith("It was bad")


def test_without_problems_nothing_is_suspected() -> None:
    assert finding() == Finding()
    assert words(finding()) == [(Health.OK, "No problem is known.")]


def node_trouble(name: str) -> Happening:
    subject = Subject(role="node", resource=None, kind="Node", namespace="", name=name)
    return Happening(
        at=NOW - 400, what=What.CONDITION, subject=subject, title="Ready=Unknown", health=Health.FAILING
    )


def test_a_node_that_went_is_likely_where_only_its_pods_fail() -> None:
    here = [relative("Pod", pod(f"p-{n}", of="api-1", node="n1")) for n in "ab"]
    there = [relative("Pod", pod("p-c", of="api-1", node="n2"))]
    family = relatives(*here, *there)
    lost = node_trouble("n1")
    found = look_into([lost, trouble("p-a", ago=100)], family, now=NOW)
    assert found.onset is lost, "the node's own trouble is the first one known"
    later = [replace(trouble("p-a", ago=390), at=NOW - 401), trouble("p-b", ago=90)]
    found = look_into([lost, *later], family, now=NOW)
    assert [one.weight for one in found.suspicions] == [Weight.LIKELY]
    both = look_into([lost, *later, trouble("p-c", ago=80)], family, now=NOW)
    assert [one.weight for one in both.suspicions] == [Weight.POSSIBLE]


def test_somebody_s_deletion_is_no_symptom() -> None:
    deleted = replace(trouble("api-2-a"), what=What.LIFE, health=Health.WARNING)
    assert finding(deleted).onset is None


def test_a_warning_nearby_does_not_date_what_fails() -> None:
    """Kubelets warn of cgroups at each start; that is not when the pods began to crash."""
    subject = Subject(role="node", resource=None, kind="Node", namespace="", name="n1")
    warning = Happening(at=NOW - 900, what=What.EVENT, subject=subject, title="Noise", health=Health.WARNING)
    found = finding(warning, trouble("api-2-a", ago=20, begun=600), trouble("api-2-b", ago=30, begun=590))
    assert found.onset is not None
    assert found.onset.title == "BackOff"
    assert found.suspicions[0].weight is Weight.LIKELY
    assert finding(warning, changes=[]).onset is warning, "where nothing fails, it is the best there is"


def test_a_rollout_that_ran_out_of_time_is_likely_however_long_it_had() -> None:
    """Whose deadline it was is not guessed from the time: the condition names its replica set."""
    subject = Subject(role="itself", resource=None, kind="Deployment", namespace="pay", name="api")
    condition = Happening(
        at=NOW + 9_000,
        what=What.CONDITION,
        subject=subject,
        title="Progressing=False",
        text='ProgressDeadlineExceeded: ReplicaSet "api-2" has timed out progressing.',
        health=Health.FAILING,
    )
    (suspicion,) = finding(condition).suspicions
    assert suspicion.weight is Weight.LIKELY
    assert suspicion.change.subject.name == "api-2"
    assert "it is this rollout that did not finish in its time" in suspicion.evidence
    assert finding(replace(condition, text='ReplicaSet "api" has timed out progressing.')).suspicions == ()
