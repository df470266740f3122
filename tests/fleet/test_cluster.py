"""What a kind's word means where a server offers several."""

from __future__ import annotations

import pytest

from backend.fleet.cluster import AmbiguousKind, KindNotFound, choose
from backend.kube.discovery import Discovery
from backend.kube.objects import ApiResource


def resource(plural: str, group: str = "", *, verbs: tuple[str, ...] = ("list", "get")) -> ApiResource:
    return ApiResource(
        group=group,
        version="v1",
        plural=plural,
        singular=plural[:-1],
        kind=plural[:-1].title(),
        namespaced=True,
        short_names=(plural[:2],),
        verbs=verbs,
    )


def chosen(word: str, *resources: ApiResource) -> str:
    return choose(Discovery(everything=resources), word, cluster="eu").full_name


def test_the_only_one() -> None:
    assert chosen("widget", resource("widgets", "example.com")) == "widgets.example.com"
    assert chosen("wi", resource("widgets", "example.com")) == "widgets.example.com"


def test_kubernetes_own_groups_win() -> None:
    assert chosen("pods", resource("pods", "metrics.k8s.io"), resource("pods")) == "pods"
    assert chosen(
        "ingresses", resource("ingresses", "acme.io"), resource("ingresses", "networking.k8s.io")
    ) == ("ingresses.networking.k8s.io")


def test_between_two_others_nothing_is_guessed() -> None:
    with pytest.raises(AmbiguousKind) as caught:
        chosen("certificates", resource("certificates", "b.example"), resource("certificates", "a.example"))
    assert "certificates.a.example, certificates.b.example" in caught.value.advice
    full = chosen(
        "certificates.a.example", resource("certificates", "b.example"), resource("certificates", "a.example")
    )
    assert full == "certificates.a.example"


def test_what_cannot_be_listed_is_not_found() -> None:
    with pytest.raises(KindNotFound):
        chosen("tokenreviews", resource("tokenreviews", "authentication.k8s.io", verbs=("create",)))
    with pytest.raises(KindNotFound):
        chosen("\x1b[2J")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("podz", "there is no kind 'podz' that can be listed (did you mean pods?)"),
        ("Deploymnts", "there is no kind 'Deploymnts' that can be listed (did you mean deployments?)"),
        ("xyz", "there is no kind 'xyz' that can be listed"),
        ("reviwes", "there is no kind 'reviwes' that can be listed"),
    ],
)
def test_a_slip_of_the_finger_is_noticed(word: str, said: str) -> None:
    with pytest.raises(KindNotFound) as caught:
        chosen(
            word,
            resource("pods"),
            resource("deployments", "apps"),
            resource("reviews", verbs=("create",)),
        )
    assert str(caught.value.sentence) == said
