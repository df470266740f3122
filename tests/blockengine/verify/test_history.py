from __future__ import annotations

import pytest

from blockengine.verify.history import NotLinearizable, Register


def test_a_read_sees_the_last_acknowledged_write() -> None:
    register = Register(0)
    register.write_begins(1, "a")
    register.write_ends(1)
    register.read_begins(2)
    with pytest.raises(NotLinearizable, match="returned 0"):
        register.read_ends(2, 0)


def test_a_write_under_way_may_be_seen_or_not_but_never_taken_back() -> None:
    register = Register(0)
    register.write_begins(1, "a")
    for read, value in ((2, 0), (3, "a")):
        register.read_begins(read)
        register.read_ends(read, value)
    register.read_begins(4)
    with pytest.raises(NotLinearizable):
        register.read_ends(4, 0)


def test_a_read_that_began_before_a_write_may_return_either() -> None:
    for value in (0, "a"):
        register = Register(0)
        register.read_begins(1)
        register.write_begins(2, "a")
        register.write_ends(2)
        register.read_ends(1, value)


def test_power_loss_takes_only_what_was_not_flushed() -> None:
    register = Register(0)
    for write, value in ((1, "a"), (2, "b")):
        register.write_begins(write, value)
        register.write_ends(write)
        register.flush_begins(write + 10)
        register.flush_ends(write + 10, durable=value == "a")
    register.lost_power()
    register.read_begins(3)
    with pytest.raises(NotLinearizable, match="possible were a, b"):
        register.read_ends(3, 0)


def test_a_flush_covers_nothing_acknowledged_after_it_began() -> None:
    register = Register(0)
    register.flush_begins(9)
    register.write_begins(1, "a")
    register.write_ends(1)
    register.flush_ends(9, durable=True)
    register.lost_power()
    register.read_begins(2)
    register.read_ends(2, 0)


def test_a_fenced_write_lands_before_the_new_controller_or_never() -> None:
    register = Register(0)
    register.write_begins(1, "late")
    register.fenced()
    register.write_begins(2, "new")
    register.write_ends(2)
    register.read_begins(3)
    with pytest.raises(NotLinearizable):
        register.read_ends(3, "late")
    with pytest.raises(NotLinearizable, match="after another one served"):
        register.write_ends(1)


def test_what_was_withdrawn_was_never_there() -> None:
    register = Register(0)
    register.write_begins(1, "a")
    register.withdraw(1)
    register.read_begins(2)
    with pytest.raises(NotLinearizable, match="possible were 0"):
        register.read_ends(2, "a")
    register.write_begins(3, "b")
    register.read_begins(4)
    register.read_ends(4, "b")
    with pytest.raises(NotLinearizable, match="never written"):
        register.withdraw(3)


def test_what_is_under_way_is_counted() -> None:
    register = Register(0)
    for operation in range(3):
        register.write_begins(operation, f"w{operation}")
    register.read_begins(9)
    assert register.under_way == 4
    register.write_ends(1)
    assert register.under_way == 3
