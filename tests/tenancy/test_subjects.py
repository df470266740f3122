"""Who is meant by a few words, and which groups every API server adds."""

from __future__ import annotations

import pytest

from backend.tenancy.subjects import (
    Identity,
    NotASubject,
    Subject,
    SubjectKind,
    identity_of,
    parse_subject,
)

ACCOUNT = Subject(SubjectKind.SERVICE_ACCOUNT, "deployer", "pay")


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("alice", Subject(SubjectKind.USER, "alice")),
        ("alice@example.com", Subject(SubjectKind.USER, "alice@example.com")),
        ("oidc:alice", Subject(SubjectKind.USER, "oidc:alice")),
        ("user:group:odd", Subject(SubjectKind.USER, "group:odd")),
        ("group:system:masters", Subject(SubjectKind.GROUP, "system:masters")),
        ("sa:pay/deployer", ACCOUNT),
        ("system:serviceaccount:pay:deployer", ACCOUNT),
    ],
)
def test_words_that_name_somebody(text: str, subject: Subject) -> None:
    assert parse_subject(text) == subject
    assert parse_subject(str(subject)) == subject


@pytest.mark.parametrize("text", ["", " ", "group:", "user:", "sa:deployer", "sa:/x", "sa:a/b/c"])
def test_words_that_name_nobody(text: str) -> None:
    with pytest.raises(NotASubject):
        parse_subject(text)


def test_groups_that_every_server_adds() -> None:
    assert identity_of(ACCOUNT) == Identity(
        user="system:serviceaccount:pay:deployer",
        groups=("system:serviceaccounts", "system:serviceaccounts:pay", "system:authenticated"),
    )
    assert identity_of(Subject(SubjectKind.USER, "alice"), ("devs",)).groups == (
        "devs",
        "system:authenticated",
    )
    assert identity_of(Subject(SubjectKind.USER, "system:anonymous")).groups == ("system:unauthenticated",)


def test_a_service_account_is_bound_by_its_namespace_too() -> None:
    other = Subject(SubjectKind.SERVICE_ACCOUNT, "deployer", "shop")
    assert identity_of(ACCOUNT).is_bound_by(ACCOUNT)
    assert not identity_of(ACCOUNT).is_bound_by(other)
    assert not identity_of(ACCOUNT).is_bound_by(Subject(SubjectKind.SERVICE_ACCOUNT, "deployer"))
    assert identity_of(ACCOUNT).is_bound_by(Subject(SubjectKind.USER, "system:serviceaccount:pay:deployer"))
