"""Rights against a real API server: our evaluation of RBAC, its own reviews, and acting as others."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.kube.authorization import Request
from backend.tenancy.asking import Source, can, held, holders
from backend.tenancy.question import Question
from backend.tenancy.reading import read_policy
from backend.tenancy.reviews import may_they
from backend.tenancy.subjects import identity_of, parse_subject
from tests.real.control_plane import ControlPlane, wait_for, write_private
from tests.real.program import Navarch
from tests.real.rig import Rig

GROUP = "rbac.authorization.k8s.io"
RBAC = f"/apis/{GROUP}/v1"
READ = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
NAMED = {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["web"], "verbs": ["get", "delete"]}
SCALE = {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["update"]}
AS = {"apiGroups": [""], "resources": ["users"], "resourceNames": ["ann"], "verbs": ["impersonate"]}
PATH = {"nonResourceURLs": ["/metrics", "/logs/*"], "verbs": ["get"]}


def subject(kind: str, name: str, namespace: str = "") -> dict[str, str]:
    place = {"namespace": namespace} if kind == "ServiceAccount" else {"apiGroup": GROUP}
    return {"kind": kind, "name": name, **place}


def bind(
    plane: ControlPlane,
    name: str,
    rules: Sequence[dict[str, Any]],
    *subjects: dict[str, str],
    namespace: str = "",
) -> None:
    """A role of this name with a binding of the same, in a namespace or for the whole cluster."""
    base = f"{RBAC}/namespaces/{namespace}" if namespace else RBAC
    kind = "Role" if namespace else "ClusterRole"
    plane.api().post(f"{base}/{kind.lower()}s", {"metadata": {"name": name}, "rules": rules})
    body = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": kind, "name": name},
        "subjects": list(subjects),
    }
    plane.api().post(f"{base}/{kind.lower()}bindings", body)


@pytest.fixture
def plane(rig: Rig, namespace: str) -> ControlPlane:
    """A cluster where ann, the group devs of this test and an account hold a few rights."""
    found = rig.clusters[0]
    bind(found, f"{namespace}-named", [NAMED, READ], subject("User", f"ann-{namespace}"), namespace=namespace)
    bind(found, f"{namespace}-wide", [SCALE, PATH], subject("Group", f"devs-{namespace}"))
    bind(found, f"{namespace}-sa", [READ], subject("ServiceAccount", "bot", namespace))
    bind(found, f"{namespace}-all", [READ], subject("Group", f"system:serviceaccounts:{namespace}"))
    return found


def file_of(plane: ControlPlane, folder: Path, user: str = "", groups: Sequence[str] = ()) -> Path:
    """A kubeconfig of this user; without one, the administrator's."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{user or 'admin'}.kubeconfig"
    pair = plane.mint(user, groups) if user else None
    config = plane.kubeconfig(pair, user_name=user or "admin")
    write_private(path, json.dumps(config).encode())
    return path


REQUESTS = [
    Request(verb="get", resource="pods", namespace="HERE"),
    Request(verb="get", resource="pods", namespace="default"),
    Request(verb="get", resource="pods"),
    Request(verb="delete", resource="pods", namespace="HERE"),
    Request(verb="get", resource="pods", subresource="log", namespace="HERE"),
    Request(verb="get", resource="configmaps", name="web", namespace="HERE"),
    Request(verb="get", resource="configmaps", name="other", namespace="HERE"),
    Request(verb="list", resource="configmaps", namespace="HERE"),
    Request(verb="update", group="apps", resource="deployments", subresource="scale", namespace="default"),
    Request(verb="update", group="apps", resource="deployments", namespace="default"),
    Request(verb="get", path="/metrics"),
    Request(verb="get", path="/logs/x/y"),
    Request(verb="get", path="/version"),
    Request(verb="post", path="/metrics"),
    Request(verb="create", group="authorization.k8s.io", resource="selfsubjectaccessreviews"),
    Request(verb="escalate", group=GROUP, resource="clusterroles"),
]


async def test_our_judgement_is_the_servers(plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    from dataclasses import replace

    members, _ = members_of(file_of(plane, tmp_path))
    people = [f"ann-{namespace}", f"sa:{namespace}/bot", f"sa:{namespace}/none", "sa:default/bot", "nobody"]
    people += [f"group:devs-{namespace}", "group:system:masters", "user:system:anonymous"]
    async with Fleet(members) as fleet:
        cluster = fleet.clusters[0]
        policy = await read_policy(cluster)
        assert not policy.gaps
        yes = 0
        for person in people:
            who = identity_of(parse_subject(person))
            for request in REQUESTS:
                place = namespace if request.namespace == "HERE" else request.namespace
                asked = replace(request, namespace=place)
                theirs = (await may_they(cluster.client, who, asked)).allowed
                assert policy.decide(who, asked).allowed is theirs, (person, asked)
                yes += theirs
        assert 20 < yes < len(people) * len(REQUESTS)  # both answers were really compared


async def test_who_may_and_what_somebody_holds(plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    members, _ = members_of(file_of(plane, tmp_path))
    async with Fleet(members) as fleet:
        cluster = fleet.clusters[0]
        found = await holders(cluster, Question(verb="get", kind="po"), namespaces=[namespace])
        names = {(str(grant.subject), grant.namespace) for grant in found.grants}
        assert found.complete
        assert {
            (f"ann-{namespace}", namespace),
            (f"sa:{namespace}/bot", ""),
            (f"group:system:serviceaccounts:{namespace}", ""),
            ("group:system:masters", ""),
        } <= names
        assert (f"group:devs-{namespace}", "") not in names

        kept = await held(cluster, parse_subject("group:system:authenticated"))
        roles = {grant.role for grant in kept.grants}
        assert "ClusterRole/system:discovery" in roles


async def test_a_person_of_few_rights_is_told_what_that_means(
    plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    from dataclasses import replace

    user = f"ann-{namespace}"
    members, _ = members_of(file_of(plane, tmp_path, user))
    members = [replace(member, namespaces=(namespace,)) for member in members]
    async with Fleet(members) as fleet:
        cluster = fleet.clusters[0]
        answers = await can(cluster, Question(verb="list", kind="pods"))
        assert [(a.request.namespace, a.allowed, a.source) for a in answers] == [
            ("", False, Source.REVIEW),
            (namespace, True, Source.REVIEW),
        ]
        found = await holders(cluster, Question(verb="list", kind="pods"))
        assert not found.complete
        assert any("clusterroles may not be read" in note for note in found.notes)
        others = await can(cluster, Question(verb="list", kind="pods"), who=identity_of(parse_subject("bob")))
        assert {one.source for one in others} == {Source.RBAC}
        assert not any(one.allowed for one in others)


def test_the_command_line_answers_as_kubectl_does(
    plane: ControlPlane, rig: Rig, namespace: str, tmp_path: Path
) -> None:
    navarch = Navarch(tmp_path / "home")
    file = str(file_of(plane, tmp_path, f"ann-{namespace}"))
    admin = str(file_of(plane, tmp_path))
    for words, where, expected in (
        (["get", "pods"], namespace, "yes"),
        (["delete", "pods"], namespace, "no"),
        (["get", "pods"], "default", "no"),
        (["delete", "configmaps", "web"], namespace, "yes"),
    ):
        done = navarch.run("can-i", *words, "-n", where, "--kubeconfig", file, "-o", "json")
        answers = json.loads(done.stdout)
        assert ["yes" if one["allowed"] else "no" for one in answers] == [expected], done.stderr
        assert done.returncode == (0 if expected == "yes" else 5)
        verb, kind, *name = words
        theirs = rig.kubectl(
            *("auth", "can-i", verb, "/".join([kind, *name]), "-n", where, "--as", f"ann-{namespace}"),
            context=plane.name,
        )
        assert theirs.stdout.split()[-1] == expected

    who = navarch.run("who-can", "delete", "cm", "web", "-n", namespace, "--kubeconfig", admin)
    assert who.returncode == 0, who.stderr
    assert f"ann-{namespace}" in who.stdout
    assert f"Role/{namespace}/{namespace}-named" in who.stdout
    mine = navarch.run("rights", "-n", namespace, "--kubeconfig", file, "-o", "json")
    rights = {one["kind"]: one for one in json.loads(mine.stdout)[0]["rights"]}
    assert json.loads(mine.stdout)[0]["user"] == f"ann-{namespace}"
    assert rights["pods"]["verbs"]["list"] == "yes"
    assert rights["configmaps"]["verbs"]["delete"] == "named"
    assert rights["configmaps"]["names"] == ["web"]
    assert "secrets" not in rights


def test_acting_as_somebody_else(plane: ControlPlane, rig: Rig, namespace: str, tmp_path: Path) -> None:
    """The administrator sees what ann sees; ann may not act as bob, and is told so, not that pods are
    forbidden."""
    navarch = Navarch(tmp_path / "home")
    api = plane.api()
    api.post(f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "web"}})
    admin, ann = str(file_of(plane, tmp_path)), f"ann-{namespace}"
    here = ("-n", namespace, "--kubeconfig", admin)
    assert "web" in navarch.run("get", "cm", *here).stdout
    as_ann = navarch.run("get", "cm", *here, "--as", ann)
    assert as_ann.returncode == 1
    assert ann in as_ann.stderr
    named = navarch.run("get", "pods", *here, "--as", ann, "--as-group", "a", "--as-group", "b")
    assert named.returncode == 5, named.stderr  # allowed, and there are none
    me = navarch.run("rights", *here, "--as", "x", "--as-group", "g1", "--as-uid", "u7", "-o", "json")
    told = json.loads(me.stdout)[0]
    assert told["user"] == "x"
    assert "g1" in told["groups"]

    extras = ("--as-user-extra", "team=a", "--as-user-extra", "team=b", "--as-user-extra", "scopes=view=all")
    me = navarch.run("rights", *here, "--as", "x", *extras, "-o", "json")
    assert json.loads(me.stdout)[0]["extra"] == {"team": ["a", "b"], "scopes": ["view=all"]}

    refused = navarch.run(
        "get", "pods", "-n", namespace, "--kubeconfig", str(file_of(plane, tmp_path, ann)), "--as", "bob"
    )
    assert refused.returncode == 1
    assert "we may not act as bob there" in refused.stderr
    assert navarch.run("get", "pods", "--as-group", "g", "--kubeconfig", admin).returncode == 2

    done = navarch.run("delete", "cm", "web", *here, "--as", ann, "--yes")
    assert done.returncode == 0, done.stderr
    listed = api.get(f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    assert wait_for(lambda: not any(one["metadata"]["name"] == "web" for one in listed), 10)
