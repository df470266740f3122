"""Which exit code a mixture of answers and failures means."""

from __future__ import annotations

from typing import Any

import pytest

from backend.fleet.cluster import Cluster, KindNotFound
from backend.fleet.listing import Listed
from backend.kube.errors import KubeError, Unreachable
from console.cli.listing import Outcome
from tests.fleet.samples import member


def piece(error: KubeError | None = None) -> Listed:
    def never(of: object) -> Any:
        raise AssertionError("nothing is dialled")

    return Listed(cluster=Cluster(member("eu"), connect=never), error=error, done=True)


GONE = Unreachable("eu", "no route")
WITHOUT = KindNotFound("us", "there is no kind 'widgets' that can be listed")


@pytest.mark.parametrize(
    ("errors", "matched", "code"),
    [
        ([None, None], 3, 0),
        ([None, None], 0, 5),
        ([None, GONE], 3, 1),
        ([GONE], 0, 1),
        ([None, WITHOUT], 3, 0),
        ([None, WITHOUT], 0, 5),
        ([WITHOUT, WITHOUT], 0, 1),
        ([None, WITHOUT, GONE], 3, 1),
    ],
)
def test_exit_codes(
    errors: list[KubeError | None], matched: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome()
    for error in errors:
        outcome.note(piece(error))
    assert outcome.code(matched=matched) == code
    said = capsys.readouterr().err
    for error in errors:
        assert error is None or error.sentence in said
