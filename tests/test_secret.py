from __future__ import annotations

import pickle
import traceback

import pytest

from backend.secret import Secret

CANARY = "canary-7f3a"


def test_secret_never_shows_itself() -> None:
    secret = Secret(CANARY)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", f"{secret!r}"):
        assert CANARY not in shown


def test_secret_cannot_be_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))


def test_secret_stays_out_of_a_traceback_with_locals() -> None:
    try:
        held = Secret(CANARY)
        raise RuntimeError(held)
    except RuntimeError as error:
        text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert CANARY not in text


def test_secret_reveals_on_request() -> None:
    assert Secret("geheim-ü").text() == "geheim-ü"
    assert Secret(b"\x00\x01").reveal() == b"\x00\x01"
    assert Secret("a") == Secret(b"a")
    assert not Secret("")
