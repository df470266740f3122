"""From roles and bindings to who may what, and by which way."""

from __future__ import annotations

import json
from typing import Any

from backend.kube.authorization import Request
from backend.kube.decoder import StructDecoder
from backend.tenancy.dangers import dangers_of
from backend.tenancy.policy import Binding, Grant, Policy, Role
from backend.tenancy.rules import Rule
from backend.tenancy.subjects import Identity, Subject, SubjectKind, identity_of, parse_subject

READ = {"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}
ALL = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
METRICS = {"verbs": ["get"], "nonResourceURLs": ["/metrics"]}


def objects(struct: type, *found: dict[str, Any]) -> list[Any]:
    page = StructDecoder(struct).page(json.dumps({"metadata": {}, "items": found}).encode())
    assert not page.skipped
    return list(page.items)


def role(name: str, *rules: dict[str, Any], namespace: str = "", **more: Any) -> dict[str, Any]:
    labels = more.pop("labels", {})
    return {"metadata": {"name": name, "namespace": namespace, "labels": labels}, "rules": rules, **more}


def binding(name: str, ref: str, *subjects: dict[str, str], namespace: str = "") -> dict[str, Any]:
    kind, _, called = ref.partition("/")
    return {
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"kind": kind, "name": called},
        "subjects": list(subjects),
    }


def user(name: str) -> dict[str, str]:
    return {"kind": "User", "name": name}


def group(name: str) -> dict[str, str]:
    return {"kind": "Group", "name": name}


def policy(
    *,
    cluster_roles: list[dict[str, Any]] | None = None,
    roles: list[dict[str, Any]] | None = None,
    cluster_bindings: list[dict[str, Any]] | None = None,
    bindings: list[dict[str, Any]] | None = None,
) -> Policy:
    return Policy(
        cluster_roles={one.metadata.name: one for one in objects(Role, *(cluster_roles or ()))},
        roles={(r.metadata.namespace, r.metadata.name): r for r in objects(Role, *(roles or ()))},
        cluster_bindings=objects(Binding, *(cluster_bindings or ())),
        bindings=objects(Binding, *(bindings or ())),
    )


ALICE = Identity(user="alice", groups=("devs", "system:authenticated"))


def test_a_cluster_binding_holds_everywhere_a_role_binding_in_its_namespace() -> None:
    found = policy(
        cluster_roles=[role("reader", READ)],
        cluster_bindings=[binding("all", "ClusterRole/reader", user("root"))],
        bindings=[binding("here", "ClusterRole/reader", group("devs"), namespace="pay")],
    )
    pods = Request(verb="get", resource="pods")
    assert found.decide(Identity(user="root"), pods).allowed
    assert not found.decide(ALICE, pods).allowed
    assert found.decide(ALICE, Request(verb="get", resource="pods", namespace="pay")).allowed
    assert not found.decide(ALICE, Request(verb="get", resource="pods", namespace="shop")).allowed


def test_a_role_of_another_namespace_or_that_is_gone_gives_nothing() -> None:
    found = policy(
        roles=[role("reader", READ, namespace="shop")],
        bindings=[binding("here", "Role/reader", user("alice"), namespace="pay")],
        cluster_bindings=[binding("gone", "ClusterRole/missing", user("alice"))],
    )
    assert not found.decide(ALICE, Request(verb="get", resource="pods", namespace="pay")).allowed


def test_a_service_account_without_namespace_is_the_bindings_own() -> None:
    found = policy(
        cluster_roles=[role("reader", READ)],
        bindings=[
            binding(
                "b", "ClusterRole/reader", {"kind": "ServiceAccount", "name": "deployer"}, namespace="pay"
            )
        ],
    )
    who = identity_of(parse_subject("sa:pay/deployer"))
    assert found.decide(who, Request(verb="list", resource="pods", namespace="pay")).allowed
    other = identity_of(parse_subject("sa:shop/deployer"))
    assert not found.decide(other, Request(verb="list", resource="pods", namespace="pay")).allowed


def test_groups_of_all_service_accounts_count() -> None:
    found = policy(
        cluster_roles=[role("reader", READ)],
        cluster_bindings=[binding("b", "ClusterRole/reader", group("system:serviceaccounts:pay"))],
    )
    who = identity_of(parse_subject("sa:pay/any"))
    assert found.decide(who, Request(verb="get", resource="pods")).allowed
    assert not found.decide(
        identity_of(parse_subject("sa:x/any")), Request(verb="get", resource="pods")
    ).allowed


def test_masters_may_everything_without_any_object() -> None:
    decision = Policy().decide(
        Identity(user="root", groups=("system:masters",)), Request(verb="delete", resource="nodes")
    )
    assert decision.allowed
    assert decision.master


def test_paths_are_given_by_cluster_bindings_only() -> None:
    found = policy(
        cluster_roles=[role("metrics", METRICS)],
        bindings=[binding("here", "ClusterRole/metrics", user("alice"), namespace="pay")],
    )
    assert not found.decide(ALICE, Request(verb="get", path="/metrics")).allowed
    assert not list(found.who_can(Request(verb="get", path="/metrics")))
    everywhere = policy(
        cluster_roles=[role("metrics", METRICS)],
        cluster_bindings=[binding("all", "ClusterRole/metrics", user("alice"))],
    )
    assert everywhere.decide(ALICE, Request(verb="get", path="/metrics")).allowed


def holders(found: Policy, request: Request) -> set[tuple[str, str]]:
    return {(str(grant.subject), grant.namespace) for grant in found.who_can(request)}


def test_who_can_names_every_holder_and_where() -> None:
    found = policy(
        cluster_roles=[role("reader", READ), role("admin", ALL)],
        roles=[role("one", {**READ, "resourceNames": ["web"]}, namespace="shop")],
        cluster_bindings=[binding("root", "ClusterRole/admin", user("root"))],
        bindings=[
            binding("pay", "ClusterRole/reader", group("devs"), user("bob"), namespace="pay"),
            binding("shop", "Role/one", user("carl"), namespace="shop"),
        ],
    )
    everybody = {("root", ""), ("group:devs", "pay"), ("bob", "pay"), ("carl", "shop")}
    assert holders(found, Request(verb="get", resource="pods")) == everybody
    assert holders(found, Request(verb="get", resource="pods", namespace="pay")) == {
        ("root", ""),
        ("group:devs", "pay"),
        ("bob", "pay"),
    }
    assert ("carl", "shop") not in holders(found, Request(verb="get", resource="pods", name="other"))
    assert holders(found, Request(verb="delete", resource="pods")) == {("root", "")}


def test_a_right_of_an_aggregated_role_tells_where_it_comes_from() -> None:
    aggregation = {"clusterRoleSelectors": [{"matchLabels": {"to-admin": "true"}}]}
    found = policy(
        cluster_roles=[
            role("admin", READ, aggregationRule=aggregation),
            role("part", READ, labels={"to-admin": "true"}),
            role("unlabelled", READ),
        ],
        cluster_bindings=[binding("b", "ClusterRole/admin", user("alice"))],
    )
    grant = next(found.grants(ALICE))
    assert grant.origins == ("part",)
    assert (grant.binding, grant.role) == ("ClusterRoleBinding/b", "ClusterRole/admin")


def test_selectors_that_expect_things() -> None:
    expressions = [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ]
    aggregation = {"clusterRoleSelectors": [{"matchExpressions": expressions}]}
    found = policy(
        cluster_roles=[
            role("sum", READ, aggregationRule=aggregation),
            role("yes", READ, labels={"tier": "a"}),
            role("old", READ, labels={"tier": "a", "old": "1"}),
            role("no", READ, labels={"tier": "c"}),
        ],
        cluster_bindings=[binding("b", "ClusterRole/sum", user("alice"))],
    )
    assert next(found.grants(ALICE)).origins == ("yes",)


def test_unknown_kinds_of_subjects_bind_nobody() -> None:
    found = policy(
        cluster_roles=[role("admin", ALL)],
        cluster_bindings=[binding("b", "ClusterRole/admin", {"kind": "Robot", "name": "alice"})],
    )
    assert not found.decide(ALICE, Request(verb="get", resource="pods")).allowed


def test_dangers_are_told() -> None:
    def told(**rule: tuple[str, ...]) -> set[str]:
        return set(dangers_of(Rule(**rule)))  # type: ignore[arg-type]

    rbac = ("rbac.authorization.k8s.io",)
    assert told(verbs=("*",), api_groups=("*",), resources=("*",)) == {"do everything"}
    assert told(verbs=("escalate",), api_groups=rbac, resources=("clusterroles",)) == {
        "write roles beyond its own rights"
    }
    assert told(verbs=("bind",), api_groups=rbac, resources=("roles",)) == {"bind any role"}
    assert told(verbs=("impersonate",), api_groups=("",), resources=("groups",)) == {"act as others"}
    assert told(verbs=("list",), api_groups=("",), resources=("secrets",)) == {"read secrets"}
    assert told(verbs=("create",), api_groups=("",), resources=("pods/exec",)) == {"enter containers"}
    assert told(verbs=("create",), api_groups=("",), resources=("serviceaccounts/token",)) == {"mint tokens"}
    assert told(verbs=("get",), api_groups=("",), resources=("pods",)) == set()
    assert told(verbs=("*",), api_groups=rbac, resources=("*",)) >= {"bind any role"}


def test_a_grant_says_whom_it_reaches() -> None:
    found = policy(
        cluster_roles=[role("reader", READ)],
        cluster_bindings=[binding("b", "ClusterRole/reader", user("bob"), group("devs"))],
    )
    reached: list[Grant] = list(found.grants(ALICE))
    assert [grant.subject for grant in reached] == [Subject(SubjectKind.GROUP, "devs")]
