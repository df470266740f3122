"""The review of a kubeconfig: what is agreed to and which keys work is always on the screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.text import safe_text
from console.application import NavarchApp
from console.screens.review import ReviewScreen
from console.session import Candidate, Consent, ImportReview
from tests.ui.seeing import see

LONG = ImportReview(
    source=safe_text("/home/jane/.kube/config"),
    candidates=tuple(
        Candidate(
            id=str(number),
            name=safe_text(f"cluster-{number}"),
            server=safe_text("https://192.0.2.1:6443"),
            facts=tuple(safe_text(f"fact {at} of cluster-{number}") for at in range(6)),
            program=safe_text("/opt/cloud/login --region eu"),
            consents=(Consent(code="insecure-tls", sentence=safe_text("Nothing is checked.")),),
        )
        for number in range(40)
    ),
    problems=tuple(safe_text(f"context broken-{number}: it names no cluster") for number in range(60)),
)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (200, 50)])
async def test_a_long_review_keeps_facts_refusals_and_keys_in_sight(
    open_app: Callable[..., NavarchApp], size: tuple[int, int]
) -> None:
    app = open_app()
    async with app.run_test(size=size) as pilot:
        app.push_screen(ReviewScreen(LONG))
        await see(pilot, "cluster-0", "fact 5 of cluster-0", "Left out:", "ctrl-s")
        await pilot.press("space", "ctrl+s")
        await see(pilot, "fact 5 of cluster-0", "cluster-0: switch on", "ctrl-s")
        await pilot.press("end")
        await see(pilot, "cluster-39", "this cluster's kubeconfig wants to run a program", "ctrl-s")
