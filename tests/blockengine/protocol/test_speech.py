from __future__ import annotations

import msgspec
import pytest

from blockengine.membership.record import Epoch
from blockengine.protocol import messages
from blockengine.protocol.messages import Hello, Identity
from blockengine.protocol.speech import NEWEST, OLDEST, Speech, misfit, ours


@pytest.mark.parametrize(("newest", "oldest"), [(NEWEST, OLDEST), (NEWEST + 3, NEWEST), (OLDEST, OLDEST - 1)])
def test_who_has_a_protocol_in_common_works_together(newest: int, oldest: int) -> None:
    assert not misfit(Speech(newest, oldest, "x", "y"), who="r-1", we="this controller")


def test_who_has_none_is_told_who_is_too_old_and_what_to_do() -> None:
    older = misfit(Speech(OLDEST - 1, OLDEST - 1, "0.0.1", "aa"), who="r-1", we="this controller")
    assert "r-1 is too old for this controller" in older
    assert "restart r-1 with the newer program" in older
    assert "0.0.1 (code aa)" in older
    newer = misfit(Speech(NEWEST + 2, NEWEST + 1, "9.9", "bb"), who="r-1", we="this controller")
    assert "this controller is too old for r-1" in newer
    assert f"protocols {NEWEST + 1} to {NEWEST + 2}" in newer


def test_code_from_before_there_was_a_handshake_is_understood_both_ways() -> None:
    assert messages.decode_request(msgspec.msgpack.encode({"type": "Hello"})) == Hello()
    identity = Identity("v", "a", 1, True, "boot", 5000, 4096, 512, 4096, Epoch(1, 1), None, None)
    plain = msgspec.to_builtins(identity)
    del plain["speech"]
    assert messages.decode_answer(Hello, msgspec.msgpack.encode(plain)).speech == Speech()
    # And what that code gets to hear has a field that it does not look at.
    assert b"speech" in messages.encode(Hello(ours()))


def test_words_of_others_are_kept_short_and_printable() -> None:
    name = Speech(1, 1, "\x1b[2J" + "x" * 1000, "c").name
    assert "\x1b" not in name
    assert len(name) < 100
