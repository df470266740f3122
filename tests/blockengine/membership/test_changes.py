from __future__ import annotations

import pytest

from blockengine.membership import changes, logs, settle, term
from blockengine.membership.ballot import Ballot, Granted, Refused, enter_lineage, store
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.membership.settle import Copy

AT = Position(Epoch(1, 7), 1)
NEXT = Position(Epoch(1, 7), 2)


def made(*names: str) -> Record:
    voters = tuple(Voter(name, 1) for name in names)
    return Record("v", "l", AT, voters, tuple(Member(name, "boot", AT) for name in names))


def test_a_removed_replica_keeps_the_stretch_it_was_in() -> None:
    record = changes.remove(made("A", "B"), ["B"], NEXT)
    absence = record.absence("B")
    assert absence is not None
    assert (absence.since, absence.out) == (AT, NEXT)
    with pytest.raises(ValueError, match="last replica"):
        changes.remove(record, ["A"], NEXT)


def test_a_restarted_member_is_no_source_while_another_is_steady() -> None:
    record = changes.rebooted(made("A", "B", "C"), {"A": "new", "B": "boot"}, NEXT)
    assert record is not None
    assert record.member_ids == {"B"}


def test_after_a_common_power_loss_all_must_answer() -> None:
    assert changes.rebooted(made("A", "B"), {"A": "new"}, NEXT) is None
    record = changes.rebooted(made("A", "B"), {"A": "new", "B": "newer"}, NEXT)
    assert record is not None
    assert [member.boot for member in record.in_sync] == ["new", "newer"]


def test_force_starts_a_lineage_that_old_members_do_not_enter_by_themselves() -> None:
    old = made("A", "B", "C")
    forced = changes.force(old, ["A"], epoch=Epoch(9, 1), lineage="l2")
    assert forced.member_ids == {"A"}
    assert all(absent.since is None for absent in forced.absent)
    stranger = Ballot("B", 1, record=old)
    _, answer = store(stranger, changes.add_voter(forced, Voter("B", 1), forced.position, keeps_data=False))
    assert isinstance(answer, Refused)
    assert answer.why == "lineage"
    moved = enter_lineage(stranger, forced, incarnation=2)
    assert moved.promise == forced.position.epoch
    with pytest.raises(ValueError, match="in this lineage"):
        enter_lineage(moved, forced, incarnation=3)


def test_two_lineages_stop_a_take_over() -> None:
    ours, theirs = made("A", "B"), changes.force(made("A", "B"), ["B"], epoch=Epoch(2, 1), lineage="l2")
    with pytest.raises(term.LineagesDiffer, match="l, l2"):
        term.adopt([Granted("A", 1, ours), Granted("B", 1, theirs)])


def test_a_log_counts_only_without_gaps() -> None:
    record = changes.remove(made("A", "B", "C"), ["C"], NEXT)
    log = logs.MissedLog(NEXT, frozenset({3}))
    assert logs.covers(record, log, holder="A", target="C")
    assert not logs.covers(record, log._replace(tag=AT), holder="A", target="C")
    away = changes.remove(record, ["B"], Position(AT.epoch, 3))
    back = changes.promote(away, "B", "boot", Position(AT.epoch, 4))
    assert not logs.covers(back, log, holder="B", target="C")
    lost = changes.readmit(back, Voter("C", 2), Position(AT.epoch, 5))
    assert not logs.covers(lost, log, holder="A", target="C")
    known = logs.MissedLog(lost.position, frozenset({3}))
    assert not logs.covers(lost, known, holder="A", target="C")


def test_a_log_for_one_that_has_nothing_begins_with_everything_and_shrinks() -> None:
    record = changes.add_voter(made("A", "B"), Voter("C", 1), NEXT, keeps_data=True)
    log = logs.after_store({}, record, holder="A", intent={1}, regions=4)["C"]
    assert log == logs.MissedLog(NEXT, frozenset(range(4)), whole=True)
    rest = log._replace(regions=frozenset({3}))
    assert logs.covers(record, rest, holder="A", target="C")
    assert logs.after_store({"C": rest}, record, holder="A", intent={1}, regions=4)["C"] == rest


def test_a_copy_counts_only_if_no_write_began_since() -> None:
    writes = logs.RegionWrites()
    for region in (1, 2, 3):
        writes.begin(region)
        if region != 3:
            writes.finish(region)
    before = writes.quiet({1, 2, 3, 4})
    assert before == {1: 1, 2: 1, 4: 0}
    writes.begin(2)
    assert writes.clean(before) == {1: 1, 4: 0}


def test_a_copy_that_verifies_wins() -> None:
    copies = {"A": Copy(b"rot", False), "B": Copy(b"good", True), "C": Copy(b"good too", True)}
    assert settle.choose(copies)[0] == "B"
    assert settle.choose({"A": Copy(b"rot", False)})[1].content == b"rot"


def test_one_voter_changes_at_a_time() -> None:
    serving = term.Term(AT.epoch, made("A", "B", "C"), serving=True)
    record = serving.base
    for name in ("B", "C"):
        record = changes.drop_voter(changes.remove(record, [name], NEXT), name, NEXT)
    with pytest.raises(ValueError, match="one at a time"):
        term.propose(serving, record)
    once = changes.drop_voter(changes.remove(serving.base, ["C"], NEXT), "C", NEXT)
    pending = term.propose(serving, once)
    third = Position(AT.epoch, 3)
    again = changes.drop_voter(changes.remove(once, ["B"], third), "B", third)
    with pytest.raises(ValueError, match="before the record"):
        term.propose(pending, again)


@pytest.mark.parametrize("size", [-1, -4096])
def test_a_record_refuses_nonsense(size: int) -> None:
    with pytest.raises(ValueError, match="negative"):
        Record("v", "l", AT, (Voter("A", 1),), (Member("A", "boot", AT),), size=size)
    with pytest.raises(ValueError, match="must be voters"):
        Record("v", "l", AT, (Voter("A", 1),), (Member("B", "boot", AT),))
