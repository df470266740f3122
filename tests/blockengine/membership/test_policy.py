"""What a person decided, in a record's words."""

from __future__ import annotations

import pytest

from blockengine.membership.policy import Budget, budget, with_budget


def test_a_budget_replaces_the_one_before_and_leaves_the_rest() -> None:
    policy = with_budget("other:1", Budget(1 << 20, 0.5))
    assert budget(policy) == Budget(1 << 20, 0.5)
    policy = with_budget(policy, Budget(0, 1.0))
    assert policy.split() == ["other:1", "pace:0:1.0"]
    assert budget(policy) == Budget(0, 1.0)


@pytest.mark.parametrize(
    "policy", ["", "other:1", "pace:", "pace:-1:0.3", "pace:1:0", "pace:1:2", "pace:x:y", "pace:1:nan"]
)
def test_words_that_are_no_budget_are_none(policy: str) -> None:
    assert budget(policy) is None
