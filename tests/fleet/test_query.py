"""The grammar of the ``:`` line: what is read, what is refused and where, and its round trip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.fleet.query import Query, QuerySyntaxError, parse_line


def test_everything_at_once() -> None:
    query = parse_line(
        ":pods api-1 web-* @prod-*,edge-7 @'#eu west' -n pay,cart -l app=api "
        "/crash|oom !test --sort AGE --desc -A"
    )
    assert query == Query(
        kind="pods",
        names=("api-1", "web-*"),
        clusters=("prod-*", "edge-7", "#eu west"),
        namespaces=("pay", "cart"),
        labels="app=api",
        match="crash|oom",
        not_match="test",
        sort="AGE",
        descending=True,
    )


@pytest.mark.parametrize(
    ("line", "query"),
    [
        ("pods", Query(kind="pods")),
        ("  :po  ", Query(kind="po")),
        ("@a pods", Query(kind="pods", clusters=("a",))),
        ("pods @a,b,a,", Query(kind="pods", clusters=("a", "b"))),
        ("pods @'a,b'", Query(kind="pods", clusters=("a,b",))),
        (
            "pods @arn:aws:eks:eu-1:12:cluster/x",
            Query(kind="pods", clusters=("arn:aws:eks:eu-1:12:cluster/x",)),
        ),
        ("pods --namespace=pay", Query(kind="pods", namespaces=("pay",))),
        ("pods '/a b'", Query(kind="pods", match="a b")),
        ("pods /a\\ b", Query(kind="pods", match="a b")),
        ("pods /\\d+\\.x", Query(kind="pods", match="\\d+\\.x")),
        ("pods a\\*b", Query(kind="pods", names=("a*b",))),
        ("pods '/a\\.b'", Query(kind="pods", match="a\\.b")),
        ("pods --match crash --not-match x", Query(kind="pods", match="crash", not_match="x")),
        ("certificates.cert-manager.io", Query(kind="certificates.cert-manager.io")),
        ('pods "-odd"', Query(kind="pods", names=("-odd",))),
    ],
)
def test_forms(line: str, query: Query) -> None:
    assert parse_line(line) == query


@pytest.mark.parametrize(
    ("line", "position", "words"),
    [
        ("", 0, "no kind"),
        (":", 1, "no kind"),
        ("/crash", 6, "no kind"),
        ("pods 'open", 5, "never closed"),
        ("pods /(", 5, "no regular expression"),
        ("pods !a{2,1}", 5, "no regular expression"),
        ("pods /a /b", 8, "twice"),
        ("pods / ", 5, "empty"),
        ("pods @", 5, "cluster's name is missing"),
        ("pods -n ,", 8, "namespace's name is missing"),
        ("pods -n", 7, "needs a value"),
        ("pods --colour x", 5, "no option --colour"),
        ("po!ds", 0, "can't be a kind"),
        ("pods -l a=b --selector c=d", 23, "twice"),
    ],
)
def test_refusals_say_where(line: str, position: int, words: str) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_line(line)
    assert words in caught.value.sentence
    assert caught.value.position == position


def test_hostile_text_in_an_error_is_inert() -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        parse_line("pods --\x1b]52;c;aGk=\x07x")
    assert "\x1b" not in caught.value.sentence


words = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
plain = words.filter(lambda text: text[0] not in "@/!-")
patterns = st.sampled_from(["crash", "a b", "it's", 'say "x"', "^a$", "x|y", "\\d+", "!", "/", "#"])


@given(
    kind=st.from_regex(r"[A-Za-z][A-Za-z0-9.-]{0,10}", fullmatch=True),
    names=st.lists(plain, max_size=3),
    clusters=st.lists(words, max_size=3, unique=True),
    namespaces=st.lists(words, max_size=3, unique=True),
    labels=st.one_of(st.just(""), words),
    match=st.one_of(st.just(""), patterns),
    not_match=st.one_of(st.just(""), patterns),
    sort=st.one_of(st.just(""), words),
    descending=st.booleans(),
)
def test_round_trip(
    kind: str,
    names: list[str],
    clusters: list[str],
    namespaces: list[str],
    labels: str,
    match: str,
    not_match: str,
    sort: str,
    descending: bool,
) -> None:
    query = Query(
        kind=kind,
        names=tuple(names),
        clusters=tuple(clusters),
        namespaces=tuple(namespaces),
        labels=labels,
        match=match,
        not_match=not_match,
        sort=sort,
        descending=descending,
    )
    assert parse_line(f":{query}") == query
