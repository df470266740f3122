"""What is offered on the ``:`` line, and what is said when nothing can be."""

from __future__ import annotations

import pytest

from backend.fleet.completion import Completion, Known, complete
from tests.fleet.samples import member

KNOWN = Known(
    members=[member("prod-eu", tags=("prod",)), member("prod us"), member("edge", groups=("far",))],
    kinds=("certificates.cert-manager.io",),
    namespaces=("pay", "cart", "payroll"),
    columns={"widgets": ("NAME", "SIZE")},
)


def texts(completion: Completion) -> list[str]:
    return [candidate.text for candidate in completion.candidates]


@pytest.mark.parametrize(
    ("line", "start", "expected"),
    [
        (":po", 1, ["pods", "poddisruptionbudgets"]),
        (":certificates.", 1, ["certificates.cert-manager.io"]),
        (":deploy", 1, ["deployments"]),
        (":pods @prod", 6, ["@prod-eu", "@'prod us'"]),
        (":pods @edge,pr", 6, ["@edge,prod-eu", "@edge,'prod us'"]),
        (":pods @#", 6, ["@#prod"]),
        (":pods @f", 6, ["@far"]),
        (":pods -n pa", 9, ["pay", "payroll"]),
        (":pods -n cart,pa", 9, ["cart,pay", "cart,payroll"]),
        (":pods --so", 6, ["--sort"]),
        (":pods --sort re", 13, ["READY", "RESTARTS", "'READINESS GATES'"]),
        (":widgets --sort ", 16, ["NAME", "SIZE"]),
        (":pods -c ed", 9, ["edge"]),
    ],
)
def test_candidates(line: str, start: int, expected: list[str]) -> None:
    completion = complete(line, KNOWN)
    assert (completion.start, sorted(texts(completion))) == (start, sorted(expected))
    assert completion.reason == ""


@pytest.mark.parametrize(
    ("line", "known", "reason"),
    [
        (":zz", KNOWN, "no kind starts with 'zz'"),
        (":pods @zz", KNOWN, "no cluster, group or tag starts with 'zz'"),
        (":pods @", Known(), "no cluster is in the fleet"),
        (":pods -n ", Known(), "no namespace is known"),
        (":gadgets --sort ", KNOWN, "known once its table was open"),
        (":pods /cra", KNOWN, "regular expression"),
        (":pods api", KNOWN, "names are not completed"),
    ],
)
def test_reasons(line: str, known: Known, reason: str) -> None:
    completion = complete(line, known)
    assert completion.candidates == ()
    assert reason in completion.reason


def test_what_is_offered_can_be_read_back() -> None:
    from backend.fleet.query import parse_line

    line = ":pods @pro"
    for candidate in complete(line, KNOWN).candidates:
        names = parse_line(line[:6] + candidate.text).clusters
        assert names[0] in ("prod-eu", "prod us")
