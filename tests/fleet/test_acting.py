"""Acting as somebody else: for every cluster of a fleet, and in every line of the journal."""

from __future__ import annotations

from typing import Any

from backend.fleet.acting import acting_as, common, words
from backend.fleet.fleet import Fleet
from backend.fleet.member import Member
from backend.journal.journal import Outcome
from backend.kube.access import ClusterAccess, Impersonation

ALICE = Impersonation(user="alice", groups=("devs",), uid="7", extra=(("scopes", ("view",)),))


def member(name: str, who: Impersonation | None = None) -> Member:
    access = ClusterAccess(id=name, name=name, server="https://192.0.2.1", impersonate=who)
    return Member(id=name, name=name, access=access)


class Lines:
    def __init__(self) -> None:
        self.written: list[dict[str, Any]] = []

    def append(self, act: str, **line: Any) -> int:
        self.written.append({"act": act, **line})
        return len(self.written)


def test_every_member_acts_as_them_whatever_its_kubeconfig_says() -> None:
    members = acting_as([member("a"), member("b", Impersonation(user="bob"))], ALICE)
    assert {one.access.impersonate for one in members} == {ALICE}
    assert acting_as([member("b", ALICE)], None)[0].access.impersonate is ALICE


def test_as_whom_in_words() -> None:
    assert words(ALICE) == "alice (devs, uid 7, scopes=view)"
    assert common([member("a"), member("b")]) == ""
    assert common([member("a", ALICE)]) == words(ALICE)
    assert common([member("a", Impersonation(user="bob")), member("b")]) == "bob on some clusters"


def test_the_journal_says_as_whom_each_act_was_done() -> None:
    lines = Lines()
    fleet = Fleet([member("a", Impersonation(user="bob")), member("b")], journal=lines)
    assert fleet.journal is not None
    fleet.journal.append("delete", outcome=Outcome.DONE, cluster="a", object="pod x", detail="gone")
    fleet.journal.append("delete", outcome=Outcome.DONE, cluster="b", object="pod x", detail="gone")
    assert [line["detail"] for line in lines.written] == ["as bob; gone", "gone"]


async def test_what_was_learnt_of_namespaces_outlives_a_fleet() -> None:
    before = Fleet([member("a"), member("gone")])
    before.cluster("a").hear_of(["pay"])
    assert Fleet([member("a"), member("b")], after=before).cluster("a").known_namespaces == ["pay"]
