"""``navarch events`` as a program: what it prints, what it keeps, how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.resources.kinds.event import KIND
from tests.cli.navarch_command import COMMAND, navarch
from tests.cli.vault_command import Navarch
from tests.fleet.running_demo import Demo


@pytest.fixture(scope="module")
def told(demo: Demo) -> Demo:
    """The demo, with three events about two deployments in each cluster."""

    async def tell() -> None:
        async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
            for cluster in fleet.clusters:
                for number, (name, reason) in enumerate(
                    (("till", "Scaled"), ("till", "Scaled"), ("shelf", "Stuck"))
                ):
                    body = event(f"{name}.{number}", about=name, reason=reason)
                    await cluster.client.create(KIND.resource, body, namespace="pay")

    asyncio.run(tell())
    return demo


def event(name: str, *, about: str, reason: str) -> dict[str, Any]:
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "metadata": {"name": name, "namespace": "pay"},
        "involvedObject": {"kind": "Deployment", "apiVersion": "apps/v1", "namespace": "pay", "name": about},
        "reason": reason,
        "message": f"{reason} {name}",
        "type": "Normal",
        "count": 2,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "source": {"component": "tests"},
    }


TITLES = ["CLUSTER", "NAMESPACE", "LAST", "SEEN", "TYPE", "REASON", "OBJECT", "COUNT", "RATE", "MESSAGE"]


def test_events_of_all_clusters_are_one_table(demo: Demo) -> None:
    done = navarch("events", "--since", "all", kubeconfig=demo.kubeconfig)
    assert done.returncode == 0, done.stderr
    titles, *lines = done.stdout.splitlines()
    assert titles.split() == TITLES
    assert {line.split()[0] for line in lines} == set(demo.clusters)


def test_problems_have_no_second_column_that_says_the_message(told: Demo) -> None:
    async def tell() -> None:
        async with Fleet(members_of(told.kubeconfig)[0]) as fleet:
            body = event("worse.1", about="shelf", reason="FailedMount") | {"type": "Warning"}
            await fleet.clusters[0].client.create(KIND.resource, body, namespace="pay")

    asyncio.run(tell())
    done = navarch("events", "--problems", "-n", "pay", kubeconfig=told.kubeconfig)
    assert done.stdout.splitlines()[0].split() == TITLES
    assert done.stdout.count("FailedMount worse.1") == 1


def test_groups_as_json_and_yaml_and_single_events(told: Demo) -> None:
    words = ("events", "deployments", "till", "-c", told.clusters[0], "-n", "pay")
    (group,) = json.loads(navarch(*words, "-o", "json", kubeconfig=told.kubeconfig).stdout)["items"]
    assert (group["kind"], group["cluster"], group["reason"]) == ("EventGroup", told.clusters[0], "Scaled")
    assert group["involvedObject"] == {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "pay",
        "name": "till",
    }
    assert (group["events"], group["count"], group["health"]) == (2, 4, "ok")
    single = navarch(*words, "--no-group", "-o", "yaml", kubeconfig=told.kubeconfig)
    events = yaml.safe_load(single.stdout)["items"]
    assert {event["kind"] for event in events} == {"Event"}
    assert [event["count"] for event in events] == [2, 2]


def test_names_and_csv(told: Demo) -> None:
    words = ("events", "deploy", "-n", "pay", "--reason", "s*", "-c", told.clusters[0])
    names = navarch(*words, "-o", "name", kubeconfig=told.kubeconfig).stdout
    here = f"{told.clusters[0]} pay deployment"
    assert {f"{here}/till", f"{here}/shelf"} <= set(names.splitlines())
    assert len(names.splitlines()) == len(set(names.splitlines()))
    csv = navarch(*words, "-o", "csv", kubeconfig=told.kubeconfig).stdout
    assert csv.startswith("CLUSTER,NAMESPACE,LAST SEEN,TYPE,REASON,OBJECT,COUNT,RATE,SUBOBJECT,SOURCE,")


def test_selections_and_filters(told: Demo) -> None:
    words = ("events", "deploy", "--reason", "stuck", "--type", "normal", "-n", "pay", "-o", "json")
    found = json.loads(navarch(*words, kubeconfig=told.kubeconfig).stdout)["items"]
    assert [(item["reason"], item["involvedObject"]["name"]) for item in found] == [("Stuck", "shelf")] * 2
    without = navarch(*words, "--not-match", "Stuck", kubeconfig=told.kubeconfig)
    assert (without.returncode, json.loads(without.stdout)["items"]) == (5, [])


def test_the_timeline_of_one_object(told: Demo) -> None:
    words = ("events", "--timeline", "deploy/api", "-n", "pay", "-c", told.clusters[0], "--since", "all")
    done = navarch(*words, kubeconfig=told.kubeconfig)
    assert done.returncode == 0, done.stderr
    first, blank, titles, *lines = done.stdout.splitlines()
    assert first.startswith(("No problem is known", "It is bad", "It was bad"))
    assert (blank, titles.split()) == ("", ["TIME", "AGO", "OBJECT", "WHAT", "REASON", "TEXT"])
    assert lines == sorted(lines, key=lambda line: line[:19]), "the latest last"
    assert any("deployment/api" in line and "created" in line for line in lines)
    found = json.loads(navarch(*words, "-o", "json", kubeconfig=told.kubeconfig).stdout)
    assert (found["kind"], found["cluster"], found["gone"]) == ("Timeline", told.clusters[0], False)
    assert {one["role"] for one in found["happenings"]} >= {"itself", "pod"}
    assert all(one["evidence"] for one in found["happenings"])


def test_the_timeline_of_what_is_gone_is_what_was_said_of_it(told: Demo) -> None:
    words = ("events", "--timeline", "deploy", "till", "-n", "pay", "-c", told.clusters[0])
    done = navarch(*words, kubeconfig=told.kubeconfig)
    assert done.returncode == 0, done.stderr
    assert "there is no deploy till (any more)" in done.stderr
    assert "Scaled till.0" in done.stdout
    anywhere = navarch("events", "--timeline", "deploy", "till", kubeconfig=told.kubeconfig)
    assert (anywhere.returncode, anywhere.stdout) == (5, "")


def test_the_timeline_of_a_cluster_that_is_away_is_what_was_kept(told: Demo, tmp_path: Path) -> None:
    config = yaml.safe_load(told.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    broken = tmp_path / "config"
    broken.write_text(yaml.safe_dump(config))
    words = ("events", "--timeline", "deploy", "till", "-n", "pay", "-c", told.clusters[0])
    done = navarch(*words, kubeconfig=broken)
    assert (done.returncode, done.stdout) == (1, "")
    assert "can't be read now" in done.stderr
    assert "any more" not in done.stderr


def test_wrong_use(demo: Demo) -> None:
    for words, said in (
        (["--since", "yesterday"], "is no time"),
        (["--since", ""], "--since is empty"),
        (["--match", "("], "no regular expression"),
        (["--sort", "nothing"], "there is no column"),
        (["-w", "-o", "json"], "--watch prints"),
        (["-c", "nobody"], "no cluster is called"),
        (["--timeline"], "say of which object"),
        (["--timeline", "pod", "x", "-o", "csv"], "--timeline prints"),
    ):
        done = navarch("events", *words, kubeconfig=demo.kubeconfig)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert said in done.stderr


def test_a_dead_cluster_is_named_and_the_others_printed(demo: Demo, tmp_path: Path) -> None:
    config = yaml.safe_load(demo.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    broken = tmp_path / "config"
    broken.write_text(yaml.safe_dump(config))
    done = navarch("events", "--since", "all", kubeconfig=broken)
    assert done.returncode == 1
    assert {line.split()[0] for line in done.stdout.splitlines()[1:]} == {demo.clusters[1]}
    assert f"{demo.clusters[0]}: " in done.stderr


def test_who_sees_only_some_namespaces_is_told(demo: Demo) -> None:
    done = navarch("events", "--since", "all", "-c", "*-team", kubeconfig=demo.users_kubeconfig)
    assert done.returncode == 0
    assert {line.split()[1] for line in done.stdout.splitlines()[1:]} == {"pay"}
    assert "listing all namespaces is forbidden" in done.stderr


def test_watching_goes_on_until_it_is_told_to_end(demo: Demo) -> None:
    command = [*COMMAND, "events", "--since", "all", "--watch", "--kubeconfig", str(demo.kubeconfig)]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "NO_COLOR": ""})
    assert child.stdout is not None
    assert child.stdout.readline().split() == TITLES
    seen = {child.stdout.readline().split()[0]}
    while seen != set(demo.clusters):
        seen.add(child.stdout.readline().split()[0])
    child.send_signal(signal.SIGINT)
    child.stdout.read()
    child.stdout.close()
    assert child.wait(30) == 130


@pytest.fixture
def file(tmp_path: Path, demo: Demo) -> Path:
    return Path(shutil.copy(demo.kubeconfig, tmp_path / "clusters"))


@pytest.fixture
def mine(tmp_path: Path, file: Path) -> Navarch:
    """A vault with the demo's clusters."""
    person = Navarch(tmp_path)
    person.make_vault()
    done = person("cluster", "import", str(file), "--yes")
    assert done.returncode == 0, done.stderr
    return person


def test_what_was_seen_is_kept_for_when_the_cluster_is_away(mine: Navarch, demo: Demo, file: Path) -> None:
    first = mine("events", "--since", "all", "-o", "name")
    assert first.returncode == 0, first.stderr
    store = mine.home / "data" / "vault.db.events"
    assert len(list(store.rglob("*.events"))) == len(demo.clusters)
    moved = yaml.safe_load(file.read_text())
    for cluster in moved["clusters"]:
        cluster["cluster"]["server"] = "https://127.0.0.1:1"
    file.write_text(yaml.safe_dump(moved))
    refreshed = mine("cluster", "refresh", "--yes")
    assert refreshed.returncode == 0, refreshed.stderr
    again = mine("events", "--since", "all", "-o", "name")
    assert again.returncode == 1
    assert set(first.stdout.splitlines()) <= set(again.stdout.splitlines())


def test_a_cluster_that_is_removed_takes_its_events_along(mine: Navarch, demo: Demo) -> None:
    assert mine("events", "--since", "all").returncode == 0
    store = mine.home / "data" / "vault.db.events"
    assert mine("cluster", "remove", demo.clusters[0], "--yes").returncode == 0
    assert len(list(store.rglob("*.events"))) == len(demo.clusters) - 1


def test_a_person_may_keep_nothing(mine: Navarch) -> None:
    assert mine("settings", "set", "events.days", "0").returncode == 0
    assert mine("events", "--since", "all").returncode == 0
    assert not (mine.home / "data" / "vault.db.events").exists()
