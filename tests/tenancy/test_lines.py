"""The words of the ``:`` line about rights, and as whom to act."""

from __future__ import annotations

import pytest

from backend.kube.access import Impersonation
from backend.tenancy.impersonating import NotActing, parse_acting
from backend.tenancy.lines import NotAsked, parse_rights, parse_who_can
from backend.tenancy.question import Question
from backend.tenancy.subjects import NotASubject, Subject, SubjectKind
from backend.tenancy.where import EVERYWHERE, Where


def test_rights_of_whom_and_where() -> None:
    assert parse_rights("") == (None, EVERYWHERE)
    subject, where = parse_rights("alice @prod-*,edge -n pay,cart --group devs --group ops")
    assert subject == Subject(SubjectKind.USER, "alice")
    assert where == Where(clusters=("prod-*", "edge"), namespaces=("pay", "cart"), groups=("devs", "ops"))
    assert parse_rights("'user with blanks'")[0] == Subject(SubjectKind.USER, "user with blanks")


def test_who_can_what() -> None:
    question, where = parse_who_can("DELETE pods web -n pay")
    assert question == Question(verb="delete", kind="pods", name="web")
    assert where.namespaces == ("pay",)


@pytest.mark.parametrize("line", ["get", "", "a b c d", "get pods -n", "get 'pods"])
def test_no_question(line: str) -> None:
    with pytest.raises(NotAsked):
        parse_who_can(line)


@pytest.mark.parametrize(
    ("line", "who"),
    [
        ("alice", Impersonation(user="alice")),
        ("alice,devs,ops", Impersonation(user="alice", groups=("devs", "ops"))),
        ("'o=x, cn=y',devs", Impersonation(user="o=x, cn=y", groups=("devs",))),
        ("sa:pay/bot", Impersonation(user="system:serviceaccount:pay:bot")),
        (
            "alice --uid 7 --extra scopes=view --extra scopes=edit --extra a=b=c",
            Impersonation(user="alice", uid="7", extra=(("scopes", ("view", "edit")), ("a", ("b=c",)))),
        ),
    ],
)
def test_as_whom(line: str, who: Impersonation) -> None:
    assert parse_acting(line) == who


@pytest.mark.parametrize("line", ["", "alice bob", "group:devs", "alice --uid", "alice --extra x", "'a"])
def test_as_nobody(line: str) -> None:
    with pytest.raises(NotActing):
        parse_acting(line)


def test_as_an_account_without_a_namespace() -> None:
    with pytest.raises(NotASubject):
        parse_acting("sa:bot")
