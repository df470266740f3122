"""Clusters from ClusterProfiles: reviewed like any kubeconfig; a hub decides nothing that runs here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backend.fleet.cluster import Cluster
from backend.fleet.registry import Candidate, Choice, Registry, Review
from backend.fleet.registry.discover import Hub, review_profiles
from backend.fleet.registry.discover_providers import BadProviders, Provider, providers_in
from backend.fleet.registry.discover_refresh import _one
from backend.fleet.registry.discover_wire import ADDED_ARGUMENTS, ADDED_VARIABLES, ClusterProfile
from backend.fleet.registry.members import members
from backend.journal import Journal
from tests.fleet.registry.profiles import profile, provider
from tests.fleet.registry.test_review import plugin
from tests.fleet.samples import member
from tests.kube.pki import Authority

EXEC = "client.authentication.k8s.io/exec"


def hub(*profiles: dict[str, Any], name: str = "harbour", **facts: Any) -> Hub:
    read = tuple(msgspec.json.decode(json.dumps(one), type=ClusterProfile) for one in profiles)
    return Hub(cluster=Cluster(member(name), connect=_never), profiles=read, **facts)


def _never(_: object) -> Any:
    raise AssertionError("nothing is asked of a network here")


def codes(candidate: Candidate) -> set[str]:
    return {concern.code for concern in candidate.concerns}


def said(review: Review) -> str:
    return " ".join(concern.sentence for one in review.candidates for concern in one.concerns)


@pytest.fixture
def providers(tmp_path: Path) -> Mapping[str, Provider]:
    return {"dock": Provider(command=str(plugin(tmp_path)[0]), args=("login",))}


def test_a_profile_becomes_a_candidate_with_all_that_is_told(
    providers: Mapping[str, Provider], authority: Authority
) -> None:
    access = provider(
        "dock",
        "https://10.0.0.7:6443",
        authority.pem,
        extensions=[{"name": EXEC, "extension": {"cluster": "sloop"}}],
        **{"tls-server-name": "sloop.example"},
    )
    review = review_profiles([hub(profile("sloop", access))], providers)
    [one] = review.candidates
    assert (one.name, one.context, one.refused, one.known) == ("sloop", "harbour/fleet/sloop", False, "")
    record = one.record
    assert (record.server, record.tls_server_name) == ("https://10.0.0.7:6443", "sloop.example")
    assert record.ca_pem == authority.pem
    assert record.exec is not None
    assert (record.exec.args, record.exec.provide_cluster_info) == (("login",), True)
    assert json.loads(record.exec.cluster_config or b"") == {"cluster": "sloop"}
    assert (record.source.hub, record.source.profile) == ("id-harbour", "fleet/sloop")
    assert "login" in one.command
    text = said(review)
    for words in ("The sloop", "1.35.2", "harbour-master", "region=eu-west-1", "access provider dock"):
        assert words in text
    assert "unhealthy" not in codes(one)


def test_without_a_program_it_is_refused_and_says_what_to_set() -> None:
    review = review_profiles([hub(profile("sloop", provider("dock", "https://10.0.0.7")))], {})
    [one] = review.candidates
    assert one.refused
    assert "providers.dock" in said(review)
    assert "anonymous" not in codes(one)


def test_the_older_field_counts_and_the_newer_wins(providers: Mapping[str, Provider]) -> None:
    old = profile("old", credentialProviders=[provider("dock", "https://10.0.0.1")])
    both = profile(
        "both",
        provider("dock", "https://10.0.0.2"),
        credentialProviders=[provider("dock", "https://10.0.0.3")],
    )
    review = review_profiles([hub(old, both)], providers)
    assert [one.record.server for one in review.candidates] == ["https://10.0.0.1", "https://10.0.0.2"]


def test_the_way_with_a_program_is_taken(providers: Mapping[str, Provider]) -> None:
    two = profile("two", provider("other", "https://10.0.0.1"), provider("dock", "https://10.0.0.2"))
    [one] = review_profiles([hub(two)], providers).candidates
    assert one.record.server == "https://10.0.0.2"


def test_what_can_not_be_used_is_a_problem_and_spoils_nothing_else(providers: Mapping[str, Provider]) -> None:
    review = review_profiles(
        [
            hub(
                profile("nowhere"),
                profile("odd", provider("dock", "not a url at all")),
                profile("spoilt", provider("dock", "https://10.0.0.9", **{"proxy-url": "gopher://x"})),
                profile("sloop", provider("dock", "https://10.0.0.7")),
                unread=2,
            ),
            hub(name="lab", serves=False),
        ],
        providers,
    )
    assert [one.name for one in review.candidates] == ["sloop"]
    where = {problem.where: problem.sentence for problem in review.problems}
    assert set(where) == {
        "hub harbour",
        "harbour/fleet/nowhere",
        "harbour/fleet/odd",
        "harbour/fleet/spoilt",
    }
    assert "no way" in where["harbour/fleet/nowhere"]
    assert review.source == "ClusterProfiles of harbour"


def test_dangers_need_consent_as_in_any_kubeconfig(providers: Mapping[str, Provider]) -> None:
    plain = profile("plain", provider("dock", "http://10.0.0.7"))
    blind = profile("blind", provider("dock", "https://10.0.0.8", **{"insecure-skip-tls-verify": True}))
    sick = profile(
        "sick",
        provider("dock", "https://10.0.0.9"),
        conditions=[{"type": "ControlPlaneHealthy", "status": "False", "reason": "Gone", "message": "lost"}],
    )
    one, two, three = review_profiles([hub(plain, blind, sick)], providers).candidates
    assert one.consents == {"plain-http"}
    assert two.consents == {"insecure-tls"}
    assert "unhealthy" in codes(three)


def test_a_file_of_this_machine_is_never_read(providers: Mapping[str, Provider], tmp_path: Path) -> None:
    secret = tmp_path / "secret.pem"
    secret.write_text("-----BEGIN CERTIFICATE-----\ncanary\n-----END CERTIFICATE-----\n")
    access = provider("dock", "https://10.0.0.7", **{"certificate-authority": str(secret)})
    [one] = review_profiles([hub(profile("sloop", access))], providers).candidates
    assert one.record.ca_pem is None
    assert one.files == ()
    assert "local-file" in codes(one)


def test_a_profile_adds_nothing_to_a_program_unless_allowed(tmp_path: Path) -> None:
    access = provider(
        "dock",
        "https://10.0.0.7",
        extensions=[
            {"name": ADDED_ARGUMENTS, "extension": ["--role", "admin"]},
            {"name": ADDED_VARIABLES, "extension": {"REGION": "eu", "MINE": "theirs"}},
        ],
    )
    command = str(plugin(tmp_path)[0])

    def record(**allowed: Any) -> Any:
        mine = Provider(command=command, args=("login",), env={"MINE": "mine"}, **allowed)
        [one] = review_profiles([hub(profile("sloop", access))], {"dock": mine}).candidates
        return one

    strict = record()
    assert strict.record.exec.args == ("login",)
    assert strict.record.exec.env == (("MINE", "mine"),)
    assert [c.sentence for c in strict.concerns if c.code == "ignored"] == [
        "The profile wants to give the program arguments --role admin: ignored",
        "The profile wants to give the program variables REGION, MINE: ignored",
    ]
    assert record(added_arguments=True).record.exec.args == ("login", "--role", "admin")
    missing = dict(record(added_variables="missing").record.exec.env)
    assert missing == {"MINE": "mine", "REGION": "eu"}
    assert dict(record(added_variables="replace").record.exec.env) == {"MINE": "theirs", "REGION": "eu"}


def test_hostile_text_arrives_dead(providers: Mapping[str, Provider]) -> None:
    bad = profile("sloop", provider("dock", "https://10.0.0.7"))
    bad["spec"]["displayName"] = "\x1b]52;c;AAAA\x07[bold]"
    bad["status"]["properties"] = [{"name": "a", "value": "\x1b[2J"}] * 40
    review = review_profiles([hub(bad)], providers)
    assert "\x1b" not in said(review)
    assert "28 more" in said(review)


# --- import and refresh


def test_an_import_remembers_its_hub_and_a_second_one_knows_it(
    registry: Registry, providers: Mapping[str, Provider], authority: Authority
) -> None:
    hubs = [hub(profile("sloop", provider("dock", "https://10.0.0.7", authority.pem)))]
    review = review_profiles(hubs, providers)
    done = registry.accept(review, [Choice(context="harbour/fleet/sloop", approve_program=True)])
    assert [name for _, name in done.added] == ["sloop"]
    assert done.approved == ["sloop"]
    [known] = registry.known()
    assert (known.record.source.hub, known.record.source.profile) == ("id-harbour", "fleet/sloop")
    [one] = members(registry.vault)
    assert one.source == "ClusterProfile harbour/fleet/sloop"
    assert one.access.exec is not None
    assert one.access.exec.approval is not None
    assert any("ClusterProfile harbour/fleet/sloop" in e.detail for e in Journal(registry.vault).read())
    again = review_profiles(hubs, providers, known=[(k.id, k.record) for k in registry.known()])
    assert [c.known for c in again.candidates] == [known.id]
    assert registry.accept(again, [Choice(context="harbour/fleet/sloop")]).left_out


def test_a_refresh_tells_what_changed_and_what_is_gone(
    registry: Registry, providers: Mapping[str, Provider]
) -> None:
    before = profile("sloop", provider("dock", "https://10.0.0.7"))
    registry.accept(
        review_profiles([hub(before)], providers),
        [Choice(context="harbour/fleet/sloop", approve_program=True)],
    )
    [known] = registry.known()

    def refreshed(now: Hub | None) -> Any:
        return _one(known, now, providers, [known])

    same = refreshed(hub(before))
    assert (same.changes, same.trouble) == ((), "")
    moved = refreshed(hub(profile("sloop", provider("dock", "https://10.0.0.8"))))
    assert [(c.field, c.after, c.weighty) for c in moved.changes] == [("server", "https://10.0.0.8", True)]
    assert "gone from harbour" in refreshed(hub(profile("other"))).trouble
    assert "no ClusterProfiles any more" in refreshed(hub(serves=False)).trouble
    assert "no longer in the vault" in refreshed(None).trouble


# --- the provider file


def test_a_provider_file_of_the_inventory_project_is_read(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    entry = {
        "name": "dock",
        "execConfig": {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "./bin/dock",
            "args": None,
            "env": [{"name": "A", "value": "b"}],
            "provideClusterInfo": True,
        },
        "profileSourcedCLIArgsPolicy": "Append",
        "profileSourcedEnvVarsPolicy": "AppendIfNotExists",
    }
    file.write_text(json.dumps({"providers": [entry]}))
    assert providers_in(file) == {
        "dock": Provider(
            command=str(tmp_path / "bin/dock"),
            env={"A": "b"},
            api_version="client.authentication.k8s.io/v1beta1",
            added_arguments=True,
            added_variables="missing",
        )
    }


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"providers": [{"name": "a"}]}', '{"providers": [{"execConfig": {"command": "x"}}]}'],
)
def test_a_bad_provider_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "providers.json"
    file.write_text(content)
    with pytest.raises(BadProviders, match="no file of access providers"):
        providers_in(file)


def test_an_unknown_policy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "providers.json"
    entry = {"name": "a", "execConfig": {"command": "x"}, "profileSourcedCLIArgsPolicy": "Always"}
    file.write_text(json.dumps({"providers": [entry]}))
    with pytest.raises(BadProviders, match="policies"):
        providers_in(file)
