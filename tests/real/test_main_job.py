"""The main job from the command line: kubeconfig, vault, every cluster, an unmodified kubectl through it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.real import workload
from tests.real.api import ApiError
from tests.real.control_plane import write_private
from tests.real.program import TREE, Navarch
from tests.real.rig import Rig

PASSPHRASE = "correct horse battery staple"  # of a vault that lives as long as a test


class Person:
    """Somebody with a kubeconfig of two real clusters, a vault, and the file with its passphrase."""

    def __init__(self, rig: Rig, home: Path) -> None:
        self.rig = rig
        self.home = home
        self.unlocked = Navarch(home, {"NAVARCH_PASSWORD_FILE": str(home / "passphrase")})
        self.locked = Navarch(home)
        write_private(home / "passphrase", f"{PASSPHRASE}\n".encode())
        write_private(home / "config", rig.kubeconfig.read_bytes())

    def does(self, *arguments: str) -> str:
        """Run with the passphrase at hand; it must succeed. What it printed."""
        done = self.unlocked.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def kubectl(self, *arguments: str, unlocked: bool = True) -> subprocess.CompletedProcess[str]:
        """kubectl as this person would run it, with the kubeconfig that `navarch kubeconfig` wrote."""
        who = self.unlocked if unlocked else self.locked
        return subprocess.run(
            [self.rig.programs["kubectl"], f"--kubeconfig={self.home / 'through'}", *arguments],
            env=who.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )


@pytest.fixture(scope="module")
def person(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> Person:
    someone = Person(rig, tmp_path_factory.mktemp("person"))
    someone.does("vault", "init")
    someone.does("cluster", "import", str(someone.home / "config"), "--yes")
    (someone.home / "config").unlink()  # from here on the vault alone has the credentials
    return someone


def test_the_imported_clusters_answer(person: Person) -> None:
    listed = json.loads(person.does("cluster", "list", "-o", "json"))
    assert sorted(entry["name"] for entry in listed) == ["real-east", "real-west"]
    tested = person.does("cluster", "test")
    assert tested.count("LIVE") == 2


def test_one_table_holds_both_clusters(person: Person, namespace: str) -> None:
    for plane in person.rig.clusters:
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"of-{plane.name}"}}
        plane.api().post(f"/api/v1/namespaces/{namespace}/configmaps", body)
    rows = [line.split() for line in person.does("get", "cm", "-n", namespace).splitlines()[1:]]
    found = {(row[0], row[2]) for row in rows if row[2].startswith("of-")}
    assert found == {("real-east", "of-real-east"), ("real-west", "of-real-west")}
    only = person.does("get", "cm", "-n", namespace, "-c", "*-west", "-o", "name")
    assert "of-real-west" in only
    assert "real-east" not in only


def test_describe_and_yaml_show_the_object_and_mask_its_secrets(person: Person, namespace: str) -> None:
    plane = person.rig.clusters[1]
    secret = {"token": "hunter2-hunter2"}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "login"}, "stringData": secret}
    made = plane.api().post(f"/api/v1/namespaces/{namespace}/secrets", body)
    text = person.does("yaml", "secret", "login", "-n", namespace, "-c", "real-west")
    shown = yaml.safe_load(text)
    assert shown["metadata"]["uid"] == made["metadata"]["uid"]
    described = person.does("describe", "secret", "login", "-n", namespace, "-c", "real-west")
    assert "login" in described
    for output in (text, described):
        assert "hunter2" not in output
        assert made["data"]["token"] not in output
    revealed = person.does("yaml", "secret", "login", "-n", namespace, "-c", "real-west", "--reveal", "token")
    assert yaml.safe_load(revealed)["data"]["token"] == made["data"]["token"] or "hunter2" in revealed


def test_a_delete_needs_consent_and_is_in_the_journal(person: Person, namespace: str) -> None:
    api = person.rig.clusters[0].api()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.post(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "doomed"}})
    refused = person.unlocked.run("delete", "cm", "doomed", "-n", namespace)
    assert refused.returncode == 4, refused.stderr
    assert api.get(f"{path}/doomed")["metadata"]["name"] == "doomed"
    person.does("delete", "cm", "doomed", "-n", namespace, "--yes")
    with pytest.raises(ApiError, match="not found"):
        api.get(f"{path}/doomed")
    journal = person.does("journal")
    assert any("delete" in line and "doomed" in line and "real-east" in line for line in journal.splitlines())
    person.does("journal", "--verify")


def test_a_protected_cluster_asks_for_the_name_too(person: Person, namespace: str) -> None:
    api = person.rig.clusters[0].api()
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    api.post(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "guarded"}})
    person.does("cluster", "protect", "real-east")
    try:
        refused = person.unlocked.run("delete", "cm", "guarded", "-n", namespace, "--yes")
        assert refused.returncode == 4, refused.stderr
        assert api.get(f"{path}/guarded")["metadata"]["name"] == "guarded"
        person.does("delete", "cm", "guarded", "-n", namespace, "--yes", "--confirm", "guarded")
        with pytest.raises(ApiError, match="not found"):
            api.get(f"{path}/guarded")
    finally:
        person.does("cluster", "protect", "--off", "real-east", "--confirm", "real-east")


@pytest.fixture(scope="module")
def through(person: Person) -> dict[str, object]:
    """The kubeconfig without secrets, written where `Person.kubectl` finds it."""
    text = person.does("kubeconfig")
    (person.home / "through").write_text(text)
    loaded: dict[str, object] = yaml.safe_load(text)
    return loaded


def test_the_kubeconfig_for_kubectl_holds_no_secret(person: Person, through: dict[str, object]) -> None:
    text = (person.home / "through").read_text()
    for word in ("client-key", "client-certificate", "PRIVATE", "token:", "password"):
        assert word not in text
    original = yaml.safe_load(person.rig.kubeconfig.read_text())
    for user in original["users"]:
        assert user["user"]["client-key-data"] not in text


@pytest.mark.usefixtures("through")
def test_an_unmodified_kubectl_works_through_the_vault(person: Person, namespace: str) -> None:
    for plane in person.rig.clusters:
        context = f"--context={plane.name}"
        who = person.kubectl(context, "auth", "whoami", "-o", "json")
        assert who.returncode == 0, who.stderr
        assert json.loads(who.stdout)["status"]["userInfo"]["username"] == "navarch-admin"
        made = person.kubectl(context, "create", "configmap", "by-kubectl", "-n", namespace)
        assert made.returncode == 0, made.stderr
    listed = person.does("get", "cm", "by-kubectl", "-n", namespace, "-o", "name")
    assert len(listed.splitlines()) == 2


@pytest.mark.usefixtures("through")
def test_kubectl_gets_a_clear_sentence_while_the_vault_is_locked(person: Person) -> None:
    assert person.unlocked.run("vault", "lock").returncode == 0
    done = person.kubectl("--context=real-east", "get", "namespaces", unlocked=False)
    assert done.returncode != 0
    assert done.stderr.count("The vault is locked") == 1  # though kubectl asks several times
    assert "navarch vault unlock" in done.stderr
    assert person.locked.run("get", "namespaces").returncode == 3


def test_no_credential_lies_in_a_readable_file(person: Person) -> None:
    """Everything this person's home holds by now, bytes searched for the keys and the passphrase."""
    config = yaml.safe_load(person.rig.kubeconfig.read_text())
    keys = [user["user"]["client-key-data"] for user in config["users"]]
    needles = [b"PRIVATE KEY", *(key.encode() for key in keys)]
    looked_at = 0
    for path in person.home.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            looked_at += 1
            assert not [needle for needle in needles if needle in data], path
            assert PASSPHRASE.encode() not in data or path.name == "passphrase"
            if path.is_relative_to(person.home / "navarch"):
                assert path.stat().st_mode & 0o077 == 0, path
    assert looked_at > 2


def test_a_wrong_passphrase_opens_nothing_and_says_so(person: Person, tmp_path: Path) -> None:
    person.unlocked.run("vault", "lock")
    write_private(tmp_path / "wrong", b"not the passphrase\n")
    stranger = Navarch(person.home, {"NAVARCH_PASSWORD_FILE": str(tmp_path / "wrong")})
    done = stranger.run("get", "namespaces")
    assert done.returncode == 3
    assert done.stdout == ""
    assert "passphrase" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("controllers")
def test_a_rollout_is_followed_on_both_clusters(person: Person, namespace: str) -> None:
    """`get --watch` on the whole fleet, while an independent client (kubectl) changes things."""
    for plane in person.rig.clusters:
        workload.add_node(plane.api(), "node-of-main-job")
    with person.unlocked.follow("get", "pods", "-n", namespace, "--watch", "-o", "name") as watch:
        for plane in person.rig.clusters:
            done = person.rig.kubectl(
                "create",
                "deployment",
                "web",
                "--image=example.invalid/web:1",
                "-n",
                namespace,
                context=plane.name,
            )
            assert done.returncode == 0, done.stderr
        for plane in person.rig.clusters:
            watch.wait_for_line(plane.name, namespace, "pod/web-", deadline=60)
        assert watch.interrupt() in (0, 130)


def test_the_program_runs_from_anywhere(person: Person, tmp_path: Path) -> None:
    """Not only from the tree: kubectl starts the plugin in whatever folder its user is."""
    environment = {**person.unlocked.environment, "PYTHONPATH": str(TREE)}
    text = (
        (person.home / "through").read_text()
        if (person.home / "through").exists()
        else person.does("kubeconfig")
    )
    command = yaml.safe_load(text)["users"][0]["user"]["exec"]
    done = subprocess.run(
        [command["command"], *command["args"]],
        cwd=tmp_path,
        env={**environment, **{entry["name"]: entry["value"] for entry in command.get("env") or []}},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    status = json.loads(done.stdout)["status"]
    assert "PRIVATE KEY" in status["clientKeyData"]
    assert os.listdir(tmp_path) == []
