"""What a rule covers: the cases of Kubernetes' own evaluation, one by one."""

from __future__ import annotations

import pytest

from backend.kube.authorization import Request
from backend.tenancy.rules import Rule

PODS = Rule(verbs=("get", "list"), api_groups=("",), resources=("pods",))


@pytest.mark.parametrize(
    ("rule", "request_", "covered"),
    [
        (PODS, Request(verb="get", resource="pods"), True),
        (PODS, Request(verb="delete", resource="pods"), False),
        (PODS, Request(verb="get", resource="secrets"), False),
        (PODS, Request(verb="get", group="metrics.k8s.io", resource="pods"), False),
        (PODS, Request(verb="get", resource="pods", subresource="log"), False),
        (
            Rule(verbs=("get",), api_groups=("",), resources=("pods/log",)),
            Request(verb="get", resource="pods", subresource="log"),
            True,
        ),
        (
            Rule(verbs=("get",), api_groups=("",), resources=("pods/log",)),
            Request(verb="get", resource="pods"),
            False,
        ),
        (
            Rule(verbs=("update",), api_groups=("*",), resources=("*/scale",)),
            Request(verb="update", group="apps", resource="deployments", subresource="scale"),
            True,
        ),
        (
            Rule(verbs=("update",), api_groups=("*",), resources=("*/scale",)),
            Request(verb="update", group="apps", resource="deployments"),
            False,
        ),
        (
            Rule(verbs=("*",), api_groups=("apps",), resources=("*",)),
            Request(verb="patch", group="apps", resource="deployments", subresource="scale"),
            True,
        ),
        (
            Rule(verbs=("get",), api_groups=("",), resources=("secrets",), resource_names=("one",)),
            Request(verb="get", resource="secrets", name="one"),
            True,
        ),
        (
            Rule(verbs=("get",), api_groups=("",), resources=("secrets",), resource_names=("one",)),
            Request(verb="get", resource="secrets", name="two"),
            False,
        ),
        (
            Rule(verbs=("list",), api_groups=("",), resources=("secrets",), resource_names=("one",)),
            Request(verb="list", resource="secrets"),
            False,
        ),
        (Rule(verbs=("get",), paths=("/metrics",)), Request(verb="get", path="/metrics"), True),
        (Rule(verbs=("get",), paths=("/logs/*",)), Request(verb="get", path="/logs/kubelet"), True),
        (Rule(verbs=("get",), paths=("/logs/*",)), Request(verb="get", path="/metrics"), False),
        (Rule(verbs=("*",), paths=("*",)), Request(verb="post", path="/x"), True),
        (Rule(verbs=("*",), paths=("*",)), Request(verb="get", resource="pods"), False),
        (Rule(verbs=None, api_groups=None, resources=None), Request(verb="get", resource="pods"), False),
    ],
)
def test_what_is_covered(rule: Rule, request_: Request, covered: bool) -> None:
    assert rule.covers(request_) is covered


def test_a_right_to_named_objects_is_a_right_to_some() -> None:
    rule = Rule(verbs=("get",), api_groups=("",), resources=("secrets",), resource_names=("one",))
    assert rule.covers_some(Request(verb="get", resource="secrets"))
    assert not rule.covers(Request(verb="get", resource="secrets"))
