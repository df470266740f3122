"""Kubeconfigs: client-go's meaning, hostile files, and problems that spoil only their own entry."""

from __future__ import annotations

import base64
import contextlib
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.kube.access import ExecSpec, Impersonation
from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig import load, parse
from backend.kube.kubeconfig.reader import MAX_BYTES
from backend.secret import Secret

PEM = b"-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def config(cluster: dict | None = None, user: dict | None = None, context: dict | None = None) -> bytes:
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "prod",
            "clusters": [{"name": "c", "cluster": {"server": "https://api.example:6443", **(cluster or {})}}],
            "users": [{"name": "u", "user": user or {}}],
            "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "u", **(context or {})}}],
        }
    ).encode()


def access(data: bytes, *, origin: Path | None = None, read_files: bool = True):
    return parse(data, origin=origin).access("prod", read_files=read_files)


def refusal(data: bytes, **more) -> KubeconfigError:
    with pytest.raises(KubeconfigError) as caught:
        access(data, **more)
    return caught.value


# --- meaning -----------------------------------------------------------------------------------------


def test_everything_inline() -> None:
    found = access(
        config(
            {
                "certificate-authority-data": b64(PEM),
                "tls-server-name": "kube.internal",
                "proxy-url": "socks5://me:pw@127.0.0.1:1080",
                "disable-compression": True,
            },
            {"client-certificate-data": b64(PEM), "client-key-data": b64(KEY)},
            {"namespace": "pay"},
        )
    )
    assert (found.name, found.server, found.namespace) == ("prod", "https://api.example:6443", "pay")
    assert (found.ca_pem, found.client_cert_pem, found.client_key_pem) == (PEM, PEM, Secret(KEY))
    assert found.tls_server_name == "kube.internal"
    assert found.proxy_url == "socks5://me:pw@127.0.0.1:1080"
    assert found.disable_compression is True


def test_ids_are_ours() -> None:
    parsed = parse(config(), origin=None)
    first, second = (parsed.access("prod", read_files=False) for _ in range(2))
    assert first.id != second.id
    assert "prod" not in first.id
    assert parsed.access("prod", read_files=False, id="kept").id == "kept"


def test_a_server_without_scheme_is_https() -> None:
    assert access(config({"server": "10.0.0.1:6443"})).server == "https://10.0.0.1:6443"


def test_data_wins_over_files_which_are_not_even_opened() -> None:
    found = access(
        config(
            {"certificate-authority-data": b64(PEM), "certificate-authority": "/missing/ca"},
            {
                "client-certificate-data": b64(PEM),
                "client-certificate": "/missing/crt",
                "client-key-data": b64(KEY),
                "client-key": "/missing/key",
            },
        )
    )
    assert found.ca_pem == PEM
    assert found.client_key_pem == Secret(KEY)


def test_relative_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "a folder"
    (home / "pki").mkdir(parents=True)
    (home / "pki" / "ca.pem").write_bytes(PEM)
    (home / "pki" / "me.crt").write_bytes(PEM)
    (home / "pki" / "me.key").write_bytes(KEY)
    file = home / "config"
    file.write_bytes(
        config(
            {"certificate-authority": "pki/ca.pem"},
            {"client-certificate": "pki/me.crt", "client-key": "./pki/me.key", "tokenFile": "token"},
        )
    )
    monkeypatch.chdir(tmp_path)
    found = load(Path("a folder/config")).access("prod", read_files=True)
    assert (found.ca_pem, found.client_cert_pem, found.client_key_pem) == (PEM, PEM, Secret(KEY))
    assert found.token_file == home / "token"


def test_without_reading_files_none_is_touched_and_each_is_listed(tmp_path: Path) -> None:
    (tmp_path / "real.pem").write_bytes(PEM)
    (tmp_path / "link.pem").symlink_to("real.pem")
    parsed = parse(
        config({"certificate-authority": "link.pem"}, {"tokenFile": "/etc/shadow"}),
        origin=tmp_path / "config",
    )
    found = parsed.access("prod", read_files=False)
    assert found.ca_pem is None
    listed = {f.field: (f.path, f.resolved) for f in parsed.files("prod")}
    assert listed["certificate-authority"] == (tmp_path / "link.pem", (tmp_path / "real.pem").resolve())
    assert listed["tokenFile"][0] == Path("/etc/shadow")


def test_token_and_token_file_are_both_kept_for_credentials_to_choose() -> None:
    found = access(config(None, {"token": "inline", "tokenFile": "/run/token"}))
    assert (found.token, found.token_file) == (Secret("inline"), Path("/run/token"))


def test_basic_authentication() -> None:
    found = access(config(None, {"username": "jane", "password": "pw"}))
    assert (found.username, found.password) == ("jane", Secret("pw"))


def test_impersonation_is_never_dropped() -> None:
    user = {"as": "jane", "as-uid": "7", "as-groups": ["dev", "ops"], "as-user-extra": {"scopes": ["a", "b"]}}
    assert access(config(None, user)).impersonate == Impersonation(
        user="jane", uid="7", groups=("dev", "ops"), extra=(("scopes", ("a", "b")),)
    )


@pytest.mark.parametrize("only", [{"as-groups": ["x"]}, {"as-uid": "7"}, {"as-user-extra": {"a": ["b"]}}])
def test_impersonation_without_a_user_is_refused(only: dict) -> None:
    assert "without a user" in refusal(config(None, only)).sentence


def test_exec_with_all_its_fields(tmp_path: Path) -> None:
    extension = {
        "name": "client.authentication.k8s.io/exec",
        "extension": {"audience": "a", "n": 5, "on": True},
    }
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "bin/get-token",
        "args": ["--cluster", "prod"],
        "env": [{"name": "AWS_PROFILE", "value": "prod"}, {"name": "EMPTY", "value": ""}],
        "interactiveMode": "Never",
        "provideClusterInfo": True,
        "installHint": "Install it.",
    }
    found = access(config({"extensions": [extension]}, {"exec": plugin}), origin=tmp_path / "config").exec
    assert found == ExecSpec(
        api_version="client.authentication.k8s.io/v1",
        command="bin/get-token",
        args=("--cluster", "prod"),
        env=(("AWS_PROFILE", "prod"), ("EMPTY", "")),
        interactive_mode="Never",
        provide_cluster_info=True,
        cluster_config=found.cluster_config,
        install_hint="Install it.",
        base_dir=tmp_path,
    )
    assert json.loads(found.cluster_config or b"") == {"audience": "a", "n": 5, "on": True}
    assert found.approval is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "v1alpha1"),
        ({"apiVersion": "v9"}, "no supported apiVersion"),
        ({"apiVersion": None}, "no supported apiVersion"),
        ({"command": ""}, "no command"),
        ({"interactiveMode": None}, "interactiveMode"),
        ({"interactiveMode": "Sometimes"}, "interactiveMode"),
        ({"env": [{"value": "x"}]}, "no valid name"),
        ({"env": [{"name": "A=B", "value": "x"}]}, "no valid name"),
    ],
)
def test_an_exec_plugin_that_client_go_would_refuse(change: dict, words: str) -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Never"}
    error = refusal(config(None, {"exec": plugin | change}))
    assert words in error.sentence
    assert error.advice


def test_interactive_mode_has_a_default_only_in_v1beta1() -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "x"}
    found = access(config(None, {"exec": plugin})).exec
    assert found is not None
    assert found.interactive_mode == "IfAvailable"


def test_auth_provider_is_refused_with_advice() -> None:
    error = refusal(config(None, {"auth-provider": {"name": "gcp", "config": {"cmd-path": "/bin/evil"}}}))
    assert "auth-provider" in error.sentence
    assert "gke-gcloud-auth-plugin" in error.advice
    assert "/bin/evil" not in f"{error.sentence} {error.advice} {error.detail}"
    assert "exec plugin" in error.advice


OIDC = {"idp-issuer-url": "https://login.example/realm", "client-id": "kube", "refresh-token": "hidden-token"}


def oidc_user(**more: str) -> dict[str, object]:
    return {"auth-provider": {"name": "oidc", "config": {**OIDC, "id-token": "hidden-id", **more}}}


def test_oidc_is_served_by_kubelogin_and_its_tokens_are_left_alone() -> None:
    more = {"extra-scopes": "groups, email", "idp-certificate-authority-data": "Q0E="}
    found = access(config(None, oidc_user(**more)))
    assert found.exec is not None
    assert (found.exec.command, found.exec.approval) == ("kubectl-oidc_login", None)
    assert found.exec.args == (
        "get-token",
        "--oidc-issuer-url=https://login.example/realm",
        "--oidc-client-id=kube",
        "--oidc-extra-scope=groups",
        "--oidc-extra-scope=email",
        "--certificate-authority-data=Q0E=",
    )
    assert found.token is None
    assert "hidden" not in str(found)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"client-secret": "hidden-secret"}, "only as an argument"),
        ({"idp-issuer-url": "http://login.example"}, "no https issuer"),
        ({"idp-issuer-url": "--evil=https://x"}, "no https issuer"),
        ({"client-id": ""}, "no client"),
    ],
)
def test_oidc_that_kubelogin_can_not_serve_safely_is_refused(more: dict[str, str], words: str) -> None:
    error = refusal(config(None, oidc_user(**more)))
    assert words in error.sentence
    assert "hidden" not in f"{error.sentence} {error.advice} {error.detail}"


def test_a_plugin_beside_an_auth_provider_is_refused() -> None:
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "x", "interactiveMode": "Never"}
    assert "at once" in refusal(config(None, {**oidc_user(), "exec": plugin})).sentence


@pytest.mark.parametrize(
    ("cluster", "user", "context", "words"),
    [
        ({"server": ""}, {}, {}, "no server"),
        ({"server": "ftp://x"}, {}, {}, "https:// or http://"),
        ({"server": "https://user:pw@x"}, {}, {}, "credentials under users"),
        ({"proxy-url": "socks4://x:1"}, {}, {}, "proxy-url must begin"),
        ({"proxy-url": "http://"}, {}, {}, "proxy-url names no"),
        ({"certificate-authority-data": "%%%"}, {}, {}, "not base64"),
        ({"insecure-skip-tls-verify": True, "certificate-authority-data": b64(PEM)}, {}, {}, "at once"),
        ({"insecure-skip-tls-verify": "perhaps"}, {}, {}, "neither true nor false"),
        ({}, {"client-certificate-data": b64(PEM)}, {}, "no client key"),
        ({}, {"token": "a", "username": "b"}, {}, "only one is allowed"),
        ({}, {"token": ["a"]}, {}, "token of user u is not text"),
        ({}, {}, {"cluster": "nowhere"}, "its cluster nowhere is not in the file"),
        ({}, {}, {"user": "nobody"}, "its user nobody is not in the file"),
        ({}, {}, {"cluster": ""}, "names no cluster"),
        ({}, {}, {"user": ""}, "names no user"),
        ({}, {}, {"namespace": "Not A Name"}, "not a valid name"),
    ],
)
def test_what_cannot_work_is_refused_with_its_line(
    cluster: dict, user: dict, context: dict, words: str
) -> None:
    data = config(cluster, user, context)
    error = refusal(data)
    assert words in error.sentence
    assert "line " in error.sentence
    assert [p.where for p in parse(data, origin=None).problems if p.where == "context prod"]
    assert parse(data, origin=None).usable == ()


def test_an_unknown_context_names_those_there_are() -> None:
    with pytest.raises(KubeconfigError) as caught:
        parse(config(), origin=None).access("dev", read_files=False)
    assert "prod" in caught.value.advice


def test_values_are_text_whatever_yaml_would_make_of_them() -> None:
    data = config().replace(b"server:", b"tls-server-name: no\n    server:")
    assert access(data).tls_server_name == "no"
    data = config(None, {"token": "TOK"}).replace(b"TOK", b"0777")
    assert access(data).token == Secret("0777")


def test_null_is_absent() -> None:
    data = config(None, {"token": "TOK", "exec": "EXEC"}).replace(b"TOK", b"null").replace(b"EXEC", b"~")
    found = access(data)
    assert (found.token, found.exec) == (None, None)


def test_json_and_utf16_are_read_too() -> None:
    as_json = json.dumps(yaml.safe_load(config())).encode()
    assert access(as_json).server == "https://api.example:6443"
    assert access(config().decode().encode("utf-16")).server == "https://api.example:6443"
    assert access(b"\xef\xbb\xbf" + config()).server == "https://api.example:6443"


# --- files -------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = refusal(config({"certificate-authority": "ca.pem"}), origin=tmp_path / "config")
    assert str(tmp_path / "ca.pem") in error.sentence
    assert "No such file" in error.sentence


def test_a_file_that_is_no_pem_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "passwd").write_text("mary:x:0:0")
    error = refusal(config({"certificate-authority": "passwd"}), origin=tmp_path / "config")
    assert "PEM" in error.sentence
    assert "mary" not in error.sentence


@pytest.mark.parametrize("kind", ["fifo", "folder", "device", "huge"])
def test_what_is_not_an_ordinary_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        path.write_bytes(b"x" * (1024 * 1024 + 1))
    error = refusal(config({"certificate-authority": "x"}), origin=tmp_path / "config")
    assert "can't be read" in error.sentence


def test_relative_paths_need_a_place() -> None:
    assert "relative" in refusal(config({"certificate-authority": "ca.pem"})).sentence


@pytest.mark.parametrize("name", ["missing", "."])
def test_load_says_what_is_wrong_with_the_path(name: str, tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="can't be read"):
        load(tmp_path / name)


# --- hostile files -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n# nothing\n---\n", "is empty"),
        (b"hello", "not a mapping"),
        (b"- a\n", "not a mapping"),
        (b"a: b: c", r"not YAML.*line 1"),
        (b"a: 1\nclusters: [\n", "not YAML"),
        (b"kind: Deployment\napiVersion: apps/v1\nclusters: []", "not a kubeconfig"),
        (b"foo: bar", "not a kubeconfig"),
        (b"\xff\xfa", "UTF-8"),
        (b"a: \x00", "not YAML"),
        (b"clusters: 5", "not a list"),
        (b"clusters: []\nclusters: []", r"twice \(again on line 2\)"),
        (b"clusters: []\n---\nclusters: []", "several YAML documents"),
        (b"[" * 100_000, "nested more than 32"),
        (b"clusters: " + b"{a: " * 100_000, "nested more than 32"),
        (b"clusters: [" + b"x," * 300_000 + b"]", "far more entries"),
        (b"#" * (MAX_BYTES + 1), "larger than 8 MiB"),
    ],
    ids=lambda value: str(value[:24]),
)
def test_a_file_of_which_nothing_can_be_used(data: bytes, words: str) -> None:
    with pytest.raises(KubeconfigError, match=words):
        parse(data, origin=None)


def test_a_flaw_spoils_only_its_own_entry() -> None:
    data = b"""
clusters:
- name: good
  cluster: {server: "https://good:1"}
- name: alias
  cluster: &a {server: "https://x:1"}
- name: use
  cluster: *a
- name: tag
  cluster: {server: !!python/object/apply:os.system [id]}
- name: twice
  cluster: {server: "https://a:1", server: "https://b:1"}
- name: merge
  cluster: {<<: {server: "https://a:1"}}
- name: doubled
  cluster: {server: "https://a:1"}
- name: doubled
  cluster: {server: "https://b:1"}
- 5
- cluster: {server: "https://noname:1"}
users:
- {name: u, user: {token: t}}
contexts:
- {name: good, context: {cluster: good, user: u}}
- {name: alias, context: {cluster: alias, user: u}}
- {name: use, context: {cluster: use, user: u}}
- {name: tag, context: {cluster: tag, user: u}}
- {name: twice, context: {cluster: twice, user: u}}
- {name: merge, context: {cluster: merge, user: u}}
- {name: doubled, context: {cluster: doubled, user: u}}
"""
    parsed = parse(data, origin=None)
    assert parsed.usable == ("good",)
    lines = {str(p.where): p.line for p in parsed.problems}
    assert lines["cluster use"] == 8
    assert lines["cluster twice"] == 12
    assert {"cluster number 9", "cluster number 10", "cluster doubled", "context doubled"} <= set(lines)


def test_the_alias_bomb_is_refused_quickly() -> None:
    bomb = b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (98 + i, 98 + i, b",".join([b"*%c" % (97 + i)] * 9)) for i in range(12)
    )
    parsed = parse(bomb + b"clusters:\n- name: x\n  cluster: {server: *m}\n", origin=None)
    assert parsed.usable == ()
    assert "aliases" in parsed.problems[0].sentence


def test_what_a_file_says_is_shown_inert() -> None:
    data = config().replace(b"name: c\n", b'name: "c\\e[31m\\u202e"\n', 1)
    for problem in parse(data, origin=None).problems:
        assert "\x1b" not in problem.where + problem.sentence
        assert "\u202e" not in problem.where + problem.sentence


def test_no_error_or_repr_shows_a_secret() -> None:
    user = {"token": "CANARY", "password": "CANARY", "client-key-data": b64(b"CANARY"), "username": "x"}
    parsed = parse(config({"proxy-url": "ftp://u:CANARY@h"}, user), origin=None)
    assert "CANARY" not in repr(parsed)
    assert b64(b"CANARY") not in repr(parsed)
    with pytest.raises(KubeconfigError) as caught:
        parsed.access("prod", read_files=True)
    assert "CANARY" not in repr(caught.value) + caught.value.detail
    with pytest.raises(KubeconfigError) as caught:
        parse(b"users: [{user: {token: CANARY: CANARY}}]", origin=None)
    assert "CANARY" not in str(caught.value) + caught.value.detail


def test_without_libyaml_the_result_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    data = config({"certificate-authority-data": b64(PEM)}, {"token": "t"}, {"namespace": "n"})
    fast = parse(data, origin=None)
    monkeypatch.setattr(yaml, "__with_libyaml__", False)
    slow = parse(data, origin=None)
    assert fast == slow
    with pytest.raises(KubeconfigError, match="nested"):
        parse(b"[" * 5000, origin=None)


# --- any bytes at all --------------------------------------------------------------------------------


@settings(max_examples=200)
@given(st.binary(max_size=2000))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(KubeconfigError):
        parse(data, origin=None)


_TEXTS = st.text("aZ0: #&*!%-/é\u202e\x1b\n", max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [
        "server",
        "certificate-authority-data",
        "proxy-url",
        "token",
        "tokenFile",
        "exec",
        "as",
        "as-groups",
        "as-user-extra",
        "apiVersion",
        "command",
        "args",
        "env",
        "name",
        "cluster",
        "user",
        "extensions",
        "client-key-data",
        "insecure-skip-tls-verify",
        "namespace",
    ]
)
_BODIES = st.dictionaries(_KEYS, _VALUES | st.dictionaries(_KEYS, _VALUES, max_size=4), max_size=5) | _VALUES


@settings(max_examples=200)
@given(cluster=_BODIES, user=_BODIES, context=_BODIES)
def test_any_shape_is_a_problem_or_a_usable_access(cluster: object, user: object, context: object) -> None:
    good = yaml.safe_load(config())
    for key, inner, body in (
        ("clusters", "cluster", cluster),
        ("users", "user", user),
        ("contexts", "context", context),
    ):
        good[key].append({"name": "odd", inner: body})
    good["contexts"].append({"name": "mixed", "context": {"cluster": "odd", "user": "odd"}})
    parsed = parse(json.dumps(good).encode(), origin=None)
    assert "prod" in parsed.usable
    for name in parsed.contexts:
        if name in parsed.usable:
            parsed.access(name, read_files=False)
        else:
            assert any(p.where == f"context {name}" for p in parsed.problems)
