"""``navarch cluster``, ``credential``, ``kubeconfig`` and ``journal`` as scripts use them."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from console.cli.exits import Exit
from tests.cli.vault_command import Navarch
from tests.fleet.registry.conftest import Kubeconfig
from tests.fleet.registry.test_review import exec_user
from tests.kube.pki import Authority

CANARY = "canary-token-9131"


@pytest.fixture
def navarch(tmp_path: Path) -> Navarch:
    made = Navarch(tmp_path, in_process=True)
    made.make_vault()
    return made


@pytest.fixture
def file(tmp_path: Path) -> Kubeconfig:
    authority = Authority()
    made = Kubeconfig(tmp_path)
    made.add_certificate("prod-eu", authority, authority.client("jane"))
    made.add("lab", {"token": CANARY}, **{"insecure-skip-tls-verify": True})
    return made


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def listed(navarch: Navarch) -> dict[str, dict]:
    return {entry["name"]: entry for entry in json.loads(navarch.done("cluster", "list", "-o", "json"))}


def test_import_needs_a_yes_and_leaves_out_what_needs_consent(navarch: Navarch, file: Kubeconfig) -> None:
    unsure = navarch("cluster", "import", str(file.path))
    assert unsure.returncode == Exit.REFUSED
    assert "prod-eu" in unsure.stderr
    assert "--yes" in unsure.stderr
    result = navarch("cluster", "import", str(file.path), "--yes")
    assert result.returncode == Exit.FAILED, "lab was left out"
    assert "--allow insecure-tls" in result.stderr
    assert set(listed(navarch)) == {"prod-eu"}
    allowed = navarch("cluster", "import", str(file.path), "--yes", "--allow", "insecure-tls", "--tag", "lab")
    assert allowed.returncode == Exit.OK
    assert listed(navarch)["lab"]["tags"] == ["lab"]
    assert CANARY not in allowed.stdout + allowed.stderr


def test_dry_run_changes_nothing_and_prints_json(navarch: Navarch, file: Kubeconfig) -> None:
    result = json.loads(navarch.done("cluster", "import", str(file.path), "--dry-run", "-o", "json"))
    assert [c["context"] for c in result[0]["candidates"]] == ["prod-eu", "lab"]
    assert navarch("cluster", "list").returncode == Exit.NOTHING


def test_one_context_from_stdin(navarch: Navarch, file: Kubeconfig) -> None:
    data = file.path.read_bytes()
    missing = navarch("cluster", "import", "-", "--context", "nope", "--yes", stdin=data)
    assert missing.returncode == Exit.FAILED
    assert (
        navarch("cluster", "import", "-", "--context", "prod-eu", "--yes", stdin=data).returncode == Exit.OK
    )
    assert set(listed(navarch)) == {"prod-eu"}


def test_kubeconfig_variable_is_read_file_by_file(navarch: Navarch, tmp_path: Path) -> None:
    paths = []
    for place, token in (("a", "one"), ("b", "two")):
        (tmp_path / place).mkdir()
        made = Kubeconfig(tmp_path / place)
        made.add("same", {"token": token})
        paths.append(str(made.path))
    assert navarch("cluster", "import", "--yes", KUBECONFIG=":".join(paths)).returncode == Exit.OK
    assert set(listed(navarch)) == {"same", "same-2"}


def test_missing_and_hostile_files_are_one_sentence(navarch: Navarch, tmp_path: Path) -> None:
    (tmp_path / "deep").write_bytes(b"[" * 50_000)
    for name in ("none", "deep"):
        result = navarch("cluster", "import", str(tmp_path / name), "--yes")
        assert result.returncode == Exit.FAILED
        assert "Traceback" not in result.stderr
        assert result.stderr.startswith("navarch: ")


def test_one_bad_file_does_not_keep_the_others_out(
    navarch: Navarch, file: Kubeconfig, tmp_path: Path
) -> None:
    (tmp_path / "empty").touch()
    paths = [str(tmp_path / "none"), str(tmp_path / "empty"), str(file.path)]
    done = navarch("cluster", "import", "--yes", "--context", "prod-eu", KUBECONFIG=":".join(paths))
    assert done.returncode == Exit.FAILED
    assert "none: the kubeconfig can't be read" in done.stderr
    assert "empty: the kubeconfig is empty" in done.stderr
    assert set(listed(navarch)) == {"prod-eu"}


def test_nobody_is_asked_for_what_cannot_be_imported(navarch: Navarch, tmp_path: Path) -> None:
    broken = Kubeconfig(tmp_path)
    broken.add("broken", {"token": "t"}, server="ftp://nowhere")
    done = navarch("cluster", "import", str(broken.path))
    assert done.returncode == Exit.NOTHING
    assert "--yes" not in done.stderr


@pytest.fixture
def two(navarch: Navarch, file: Kubeconfig) -> Navarch:
    navarch.done("cluster", "import", str(file.path), "--yes", "--allow", "insecure-tls")
    return navarch


def test_tags_groups_names_and_marks(two: Navarch) -> None:
    two.done("cluster", "tag", "prod-*", "--add", "eu", "--add", "#pci", "--group", "core")
    two.done("cluster", "tag", "@#eu", "--drop", "pci")
    two.done("cluster", "protect", "core")
    two.done("cluster", "read-only", "lab")
    two.done("cluster", "rename", "lab", "lab two")
    found = listed(two)
    assert (found["prod-eu"]["tags"], found["prod-eu"]["groups"]) == (["eu"], ["core"])
    assert found["prod-eu"]["protected"]
    assert found["lab two"]["readOnly"]
    assert two("cluster", "rename", "lab two", "prod-eu").returncode == Exit.REFUSED
    assert two("cluster", "tag", "nope", "--add", "x").returncode == Exit.USAGE


def test_protected_clusters_want_their_name(two: Navarch) -> None:
    two.done("cluster", "protect", "prod-eu")
    assert two("cluster", "remove", "prod-eu", "--yes").returncode == Exit.REFUSED
    assert two("cluster", "remove", "prod-eu", "--confirm", "lab").returncode == Exit.REFUSED
    assert two("cluster", "protect", "prod-eu", "--off").returncode == Exit.REFUSED
    assert set(listed(two)) == {"prod-eu", "lab"}
    two.done("cluster", "remove", "prod-eu", "--confirm", "prod-eu")
    assert two("cluster", "remove", "lab").returncode == Exit.REFUSED
    two.done("cluster", "remove", "lab", "--yes")
    assert two("cluster", "list").returncode == Exit.NOTHING


@pytest.mark.parametrize("nothing", ["", " ", "@", ","])
def test_an_unset_variable_never_means_every_cluster(two: Navarch, nothing: str) -> None:
    for command in (("cluster", "remove", nothing, "--yes"), ("kubeconfig", nothing)):
        done = two(*command)
        assert (done.returncode, done.stdout) == (Exit.USAGE, "")
        assert "is empty" in done.stderr
    assert set(listed(two)) == {"prod-eu", "lab"}


def test_a_name_with_a_comma_can_be_meant(two: Navarch) -> None:
    two.done("cluster", "rename", "lab", "lab,old")
    two.done("cluster", "remove", "lab,old", "--yes")
    assert set(listed(two)) == {"prod-eu"}


def test_show_and_list_hold_no_secret(two: Navarch) -> None:
    shown = two.done("cluster", "show", "lab", "-o", "json") + two.done("cluster", "show", "lab")
    assert "https://lab.example:6443" in shown
    assert CANARY not in shown + two.done("cluster", "list")


def test_refresh_shows_first_and_takes_over_with_yes(two: Navarch, file: Kubeconfig) -> None:
    assert two("cluster", "refresh").returncode == Exit.OK
    file.add("lab", {"token": "canary-new"}, **{"insecure-skip-tls-verify": True})
    looked = two("cluster", "refresh")
    assert looked.returncode == Exit.REFUSED
    assert "token: ‹secret" in looked.stderr
    assert "canary" not in looked.stderr
    two.done("cluster", "refresh", "--yes")
    assert two("cluster", "refresh").returncode == Exit.OK


def test_a_dead_cluster_is_reported_by_name(two: Navarch, tmp_path: Path) -> None:
    dead = Kubeconfig(tmp_path)
    dead.add("dead", {"token": "t"}, server="https://127.0.0.1:1")
    two.done("cluster", "import", str(dead.path), "--yes")
    result = two("cluster", "test", "dead", "-o", "json")
    assert result.returncode == Exit.FAILED
    [finding] = json.loads(result.stdout)
    assert (finding["name"], finding["state"]) == ("dead", "UNREACHABLE")
    assert finding["finding"]


def test_login_approves_a_program_and_runs_it(navarch: Navarch, tmp_path: Path) -> None:
    program = tmp_path / "plugin.sh"
    given = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": CANARY},
    }
    program.write_text(f"#!/bin/sh\necho '{json.dumps(given)}'\n")
    program.chmod(0o755)
    made = Kubeconfig(tmp_path)
    made.add("cloud", exec_user(str(program)))
    navarch.done("cluster", "import", str(made.path), "--yes")
    before = navarch("credential", "--cluster", "cloud")
    assert before.returncode == Exit.FAILED
    assert "never approved" in before.stderr
    assert navarch("cluster", "login", "cloud").returncode == Exit.REFUSED
    result = navarch("cluster", "login", "cloud", "--yes")
    assert result.returncode == Exit.OK
    assert CANARY not in result.stdout + result.stderr
    assert json.loads(navarch.done("credential", "--cluster", "cloud"))["status"]["token"] == CANARY
    program.write_text("#!/bin/sh\necho other\n")
    assert "changed since" in navarch("credential", "--cluster", "cloud").stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_command_that_is_ended_ends_its_program(navarch: Navarch, tmp_path: Path) -> None:
    program, pids = tmp_path / "plugin.sh", tmp_path / "pids"
    program.write_text(f"#!/bin/sh\nsleep 1000 &\necho $$ $! >{pids}.new; mv {pids}.new {pids}\nwait\n")
    program.chmod(0o755)
    made = Kubeconfig(tmp_path)
    made.add("cloud", exec_user(str(program)))
    navarch.done("cluster", "import", str(made.path), "--yes")
    with navarch.started("cluster", "login", "cloud", "--yes") as login:
        eventually(pids.exists)
        login.terminate()
        assert login.wait(30) == -signal.SIGTERM
    for pid in map(int, pids.read_text().split()):
        eventually(lambda pid=pid: not alive(pid))


def test_journal_tells_what_was_done(two: Navarch) -> None:
    acts = [entry["act"] for entry in json.loads(two.done("journal", "-o", "json"))]
    assert acts == ["cluster import", "cluster import"]
    assert two("journal", "--verify").returncode == Exit.OK
    assert CANARY not in two.done("journal")


# -- credential and kubeconfig


def test_credential_is_what_the_exec_api_asks_for(two: Navarch, file: Kubeconfig) -> None:
    identity = listed(two)["prod-eu"]["id"]
    given = json.loads(two.done("credential", "--cluster", identity))
    assert (given["apiVersion"], given["kind"]) == ("client.authentication.k8s.io/v1", "ExecCredential")
    assert "BEGIN CERTIFICATE" in given["status"]["clientCertificateData"]
    assert "PRIVATE KEY" in given["status"]["clientKeyData"]
    assert given["status"]["expirationTimestamp"].endswith("Z")
    info = json.dumps(
        {"apiVersion": "client.authentication.k8s.io/v1beta1", "kind": "ExecCredential", "spec": {}}
    )
    older = json.loads(two.done("credential", "--cluster", "lab", KUBERNETES_EXEC_INFO=info))
    assert older == {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": CANARY},
    }


def test_locked_credential_is_one_line_and_three(two: Navarch) -> None:
    two("vault", "lock")
    for _ in range(2):
        result = two("credential", "--cluster", "lab", unlocked=False)
    assert result.returncode == Exit.LOCKED
    assert result.stdout == ""
    assert result.stderr == "navarch: The vault is locked. Unlock it with: navarch vault unlock\n"


def test_unknown_cluster_and_expired_certificate_are_said(two: Navarch, tmp_path: Path) -> None:
    assert two("credential", "--cluster", "nope").returncode == Exit.NOTHING
    authority = Authority()
    made = Kubeconfig(tmp_path)
    made.add_certificate("old", authority, authority.server("x", expired=True, usage="client"))
    two.done("cluster", "import", str(made.path), "--yes")
    result = two("credential", "--cluster", "old")
    assert result.returncode == Exit.FAILED
    assert "expired on" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_kubeconfig_without_secrets(two: Navarch, tmp_path: Path) -> None:
    text = two.done("kubeconfig", "@lab", "prod-*")
    config = yaml.safe_load(text)
    assert {c["name"] for c in config["contexts"]} == {"lab", "prod-eu"}
    assert "current-context" not in config
    command = config["users"][0]["user"]["exec"]
    assert Path(command["command"]).is_absolute()
    assert command["env"] == [{"name": "NAVARCH_HOME", "value": str(two.home)}]
    assert CANARY not in text
    assert "client-key-data" not in text
    target = tmp_path / "out"
    two.done("kubeconfig", "lab", "-o", str(target))
    assert target.stat().st_mode & 0o777 == 0o600
    assert yaml.safe_load(target.read_text())["current-context"] == "lab"
    assert two("kubeconfig", "lab", "-o", str(target)).returncode == Exit.REFUSED


def test_sealed_export_and_import(two: Navarch, tmp_path: Path) -> None:
    words = two.secret_file("words", "words for the export file")
    two.done("vault", "export", str(tmp_path / "f.navarch"), "@lab", NAVARCH_NEW_PASSWORD_FILE=words)
    plain = two("vault", "export", str(tmp_path / "plain"), "--plaintext-kubeconfig")
    assert plain.returncode == Exit.REFUSED, "secrets in the clear want a person"
    (tmp_path / "there").mkdir()
    there = Navarch(tmp_path / "there", in_process=True)
    there.make_vault()
    mine = Kubeconfig(tmp_path / "there")
    mine.add("lab", {"token": "another"})
    there.done("cluster", "import", str(mine.path), "--yes")
    there.done("vault", "import", str(tmp_path / "f.navarch"), NAVARCH_NEW_PASSWORD_FILE=words)
    assert set(listed(there)) == {"lab", "lab-2"}
    again = there("vault", "import", str(tmp_path / "f.navarch"), NAVARCH_NEW_PASSWORD_FILE=words)
    assert "0 clusters added" in again.stderr
    assert there("cluster", "refresh").returncode == Exit.OK
    assert json.loads(there.done("credential", "--cluster", "lab-2"))["status"]["token"] == CANARY


def test_the_canary_is_nowhere_outside_the_ciphertext(two: Navarch, file: Kubeconfig, tmp_path: Path) -> None:
    """After import, reaching clusters, a change of passphrase and its backup, by the real program."""
    two.in_process = False
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    two("cluster", "test", "--timeout", "2", **environment)
    two("get", "pods", **environment)
    two.done("vault", "passwd", NAVARCH_NEW_PASSWORD_FILE=two.secret_file("new", "a wholly new set of words"))
    two("vault", "slot", "list", **environment)
    private = file.users["prod-eu"]["client-key-data"].encode()
    searched = 0
    for place in (two.home, temporary):
        for path in place.rglob("*"):
            if path.is_file():
                content = path.read_bytes()
                searched += 1
                assert CANARY.encode() not in content, path
                assert private not in content, path
                assert b"PRIVATE KEY" not in content, path
    assert searched >= 3


def test_namespaces_to_ask_where_listing_all_is_forbidden(navarch: Navarch, file: Kubeconfig) -> None:
    navarch.done("cluster", "import", str(file.path), "--yes", "--context", "prod-eu")
    navarch.done("cluster", "namespaces", "prod-eu", "--add", "pay,cart", "--add", "shop")
    navarch.done("cluster", "namespaces", "prod-eu", "--drop", "cart")
    shown = navarch.done("cluster", "namespaces", "prod-eu")
    assert shown.splitlines()[1].split("   ") == ["prod-eu", "pay, shop"]
    refused = navarch("cluster", "namespaces", "prod-eu", "--add", "Not_A_Name")
    assert refused.returncode == Exit.USAGE
    assert "pay, shop" in navarch.done("cluster", "namespaces", "prod-eu")
