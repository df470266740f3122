"""What a review says of kubeconfigs, good and hostile; and that it neither runs nor stores anything."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from backend.fleet.registry import Choice, Registry, review
from backend.kube.errors import KubeconfigError
from tests.fleet.registry.conftest import Kubeconfig, b64
from tests.kube.pki import Authority


def codes(candidate) -> set[str]:
    return {concern.code for concern in candidate.concerns}


def only(kubeconfig: Kubeconfig):
    reviewed = review(kubeconfig.path)
    assert len(reviewed.candidates) == 1, reviewed.problems
    return reviewed.candidates[0]


def test_a_plain_cluster_has_no_concerns(kubeconfig: Kubeconfig, authority: Authority) -> None:
    kubeconfig.add_certificate("prod", authority, authority.client("jane", "ops"))
    candidate = only(kubeconfig)
    assert candidate.concerns == ()
    assert candidate.authentication == "client certificate"
    assert candidate.certificate is not None
    assert candidate.certificate.common_name == "jane"


@pytest.mark.parametrize(
    ("cluster", "user", "code"),
    [
        ({"insecure-skip-tls-verify": True}, {"token": "abc"}, "insecure-tls"),
        ({"server": "http://10.0.0.1:8080"}, {"token": "abc"}, "plain-http"),
    ],
)
def test_what_needs_consent_is_not_imported_without(
    registry: Registry, kubeconfig: Kubeconfig, cluster: dict, user: dict, code: str
) -> None:
    kubeconfig.add("odd", user, **cluster)
    reviewed = review(kubeconfig.path)
    assert reviewed.candidates[0].consents == {code}
    refused = registry.accept(reviewed, [Choice(context="odd")])
    assert refused.added == []
    assert f"--allow {code}" in refused.left_out[0][1]
    assert registry.known() == []
    assert registry.accept(reviewed, [Choice(context="odd", consents=frozenset({code}))]).added


def test_plain_http_to_this_machine_is_fine(kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("local", {"token": "abc"}, server="http://127.0.0.1:8001")
    assert "plain-http" not in codes(only(kubeconfig))


@pytest.mark.parametrize(
    ("cluster", "user", "code", "words"),
    [
        ({"proxy-url": "http://u:pw@proxy:3128"}, {"token": "t"}, "proxy", "proxy:3128"),
        ({"tls-server-name": "inner"}, {"token": "t"}, "tls-server-name", "inner"),
        ({}, {"token": "t", "as": "boss", "as-groups": ["g1"]}, "impersonation", "boss, groups g1"),
        ({}, {"username": "u", "password": "p"}, "basic-auth", "1.19"),
        ({}, {}, "anonymous", "anonymous"),
    ],
)
def test_what_a_person_should_know_is_shown(
    kubeconfig: Kubeconfig, cluster: dict, user: dict, code: str, words: str
) -> None:
    kubeconfig.add("c", user, **cluster)
    candidate = only(kubeconfig)
    sentence = next(c.sentence for c in candidate.concerns if c.code == code)
    assert words in sentence
    assert "pw" not in sentence
    assert candidate.consents == frozenset()


def test_expired_certificate_is_reported_and_still_imported(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    kubeconfig.add_certificate("old", authority, authority.server("x", expired=True, usage="client"))
    reviewed = review(kubeconfig.path)
    assert "expired" in codes(reviewed.candidates[0])
    assert registry.accept(reviewed, [Choice(context="old")]).added


def test_key_of_another_certificate_is_refused(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority
) -> None:
    one, other = authority.client("one"), authority.client("other")
    user = {"client-certificate-data": b64(one.cert_pem), "client-key-data": b64(other.key_bytes)}
    kubeconfig.add("mixed", user)
    kubeconfig.add("fine", {"token": "t"})
    reviewed = review(kubeconfig.path)
    result = registry.accept(reviewed, [Choice(context="mixed"), Choice(context="fine")])
    assert [name for _, name in result.added] == ["fine"]
    assert "does not belong" in result.left_out[0][1]


def test_files_beside_the_kubeconfig_are_taken_in_and_others_need_consent(
    registry: Registry, kubeconfig: Kubeconfig, authority: Authority, tmp_path: Path, tmp_path_factory
) -> None:
    pair = authority.client()
    (tmp_path / "c.pem").write_bytes(pair.cert_pem)
    (tmp_path / "k.pem").write_bytes(pair.key_bytes)
    kubeconfig.add("near", {"client-certificate": "c.pem", "client-key": "k.pem"})
    outside = tmp_path_factory.mktemp("outside") / "k.pem"
    outside.write_bytes(pair.key_bytes)
    (tmp_path / "link.pem").symlink_to(outside)
    kubeconfig.add("far", {"client-certificate": "c.pem", "client-key": str(outside)})
    kubeconfig.add("linked", {"client-certificate": "c.pem", "client-key": "link.pem"})
    reviewed = review(kubeconfig.path)
    near, far, linked = reviewed.candidates
    assert near.consents == frozenset()
    assert far.consents == linked.consents == {"outside-file"}
    registry.accept(reviewed, [Choice(context="near")])
    (tmp_path / "k.pem").unlink()
    assert registry.known()[0].record.client_key_pem == pair.key_bytes


PLUGIN = "#!/bin/sh\necho ran > {marker}\n"


def plugin(folder: Path) -> tuple[Path, Path]:
    marker, program = folder / "ran", folder / "plugin.sh"
    program.write_text(PLUGIN.format(marker=marker))
    program.chmod(0o755)
    return program, marker


def exec_user(command: str, **more: object) -> dict:
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": command,
            "interactiveMode": "Never",
            "args": ["token", "--for me"],
            **more,
        }
    }


def test_a_plugin_is_shown_but_never_run(kubeconfig: Kubeconfig, registry: Registry, tmp_path: Path) -> None:
    program, marker = plugin(tmp_path)
    kubeconfig.add("cloud", exec_user(str(program)))
    reviewed = review(kubeconfig.path)
    candidate = reviewed.candidates[0]
    assert candidate.command == f"{program} token '--for me'"
    said = " ".join(c.sentence for c in candidate.concerns)
    assert str(program) in said
    assert "SHA-256" in said
    assert "It is a script" in said
    registry.accept(reviewed, [Choice(context="cloud")])
    assert registry.approvals() == {}
    assert not marker.exists()


def test_secrets_in_a_plugins_variables_are_not_shown(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    program, _ = plugin(tmp_path)
    variables = [
        {"name": "AWS_SECRET_ACCESS_KEY", "value": "canary-1"},
        {"name": "AWS_PROFILE", "value": "prod"},
    ]
    kubeconfig.add("cloud", exec_user(str(program), env=variables))
    candidate = only(kubeconfig)
    assert candidate.command.startswith("AWS_SECRET_ACCESS_KEY=‹hidden› AWS_PROFILE=prod ")
    assert "canary" not in repr(candidate.concerns)


def test_a_missing_plugin_is_reported(kubeconfig: Kubeconfig, registry: Registry) -> None:
    kubeconfig.add("cloud", exec_user("no-such-plugin-anywhere", installHint="get it\x1b[31m there"))
    reviewed = review(kubeconfig.path)
    assert any("not on PATH" in c.sentence for c in reviewed.candidates[0].concerns)
    result = registry.accept(reviewed, [Choice(context="cloud", approve_program=True)])
    assert result.added
    assert result.approved == []


def test_plugin_writable_by_others_is_doubted(kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    program, _ = plugin(tmp_path)
    program.chmod(0o777)
    kubeconfig.add("cloud", exec_user(str(program)))
    assert any("others can change it" in c.sentence for c in only(kubeconfig).concerns)


def test_hostile_names_are_inert(kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("pr\u202eod\x1b]52;c;AAAA\x07", {"token": "t"}, server="https://a.example")
    candidate = only(kubeconfig)
    assert candidate.name.isprintable()
    assert "\u202e" not in candidate.name
    assert any("U+202E" in c.sentence for c in candidate.concerns)


HOSTILE = {
    "empty": b"",
    "only a comment": b"# nothing\n",
    "not yaml": b"\x00\x01{{{",
    "deep": b"[" * 60000,
    "huge": b"a: " + b"x" * (9 * 1024 * 1024),
    "other kind": b"kind: Pod\napiVersion: v1\n",
    "a list": b"- 1\n- 2\n",
    "latin-1": "clusters: ü".encode("latin-1"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_kubeconfig_is_refused_with_a_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_bytes(content)
    with pytest.raises(KubeconfigError) as caught:
        review(path)
    assert caught.value.sentence
    assert caught.value.advice


def test_one_bad_entry_spoils_no_other(kubeconfig: Kubeconfig, registry: Registry) -> None:
    kubeconfig.add("good", {"token": "t"})
    kubeconfig.add("no-file", {"client-certificate": "gone.pem", "client-key": "gone.key"})
    kubeconfig.add("bad-ca", {"token": "t"}, **{"certificate-authority-data": b64(b"no certificate")})
    kubeconfig.add("bad-b64", {"token": "t"}, **{"certificate-authority-data": "%%%"})
    kubeconfig.add("old-plugin", {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/true"}}})
    kubeconfig.add("rubbish", exec_user("", args={"a": 1}))
    text = kubeconfig.path.read_text()
    kubeconfig.path.write_text(
        text
        + "- name: dangling\n  context: {cluster: nowhere, user: nobody}\n- &a {name: alias, context: *a}\n"
        "- name: twice\n  context: {cluster: good, user: good, cluster: good}\n"
    )
    reviewed = review(kubeconfig.path)
    result = registry.accept(reviewed, [Choice(context=c.context) for c in reviewed.candidates])
    assert [name for _, name in result.added] == ["good"]
    said = " ".join(f"{p.where} {p.sentence}" for p in reviewed.problems) + str(result.left_out)
    for name in ("no-file", "bad-ca", "bad-b64", "old-plugin", "rubbish", "dangling", "alias", "twice"):
        assert name in said, name


def test_a_program_in_an_auth_provider_s_place_is_told(kubeconfig: Kubeconfig) -> None:
    provider = {"idp-issuer-url": "https://login.example", "client-id": "kube", "refresh-token": "hidden"}
    kubeconfig.add("old", {"auth-provider": {"name": "oidc", "config": provider}})
    [candidate] = review(kubeconfig.path).candidates
    assert candidate.authentication == "program kubectl-oidc_login"
    assert "kubelogin takes its place" in " ".join(concern.sentence for concern in candidate.concerns)
    assert b"hidden" not in candidate.record.encode()


def test_a_pipe_or_device_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(KubeconfigError):
        review(pipe)


def test_nothing_is_stored_before_acceptance(registry: Registry, kubeconfig: Kubeconfig) -> None:
    kubeconfig.add("c", {"token": "t"})
    before = registry.vault.meta.generation
    review(kubeconfig.path, known=[(k.id, k.record) for k in registry.known()])
    assert registry.vault.meta.generation == before
