"""Every command in every format of its output, on a fleet that lies: a terminal obeys nothing of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from console.cli.page import all_commands
from tests.cli.vault_command import Navarch
from tests.hostile.corpus import CORPUS, HUGE, MARK
from tests.hostile.oracle import wrong_in

KINDS = """pods deployments daemonsets statefulsets replicasets jobs cronjobs services ingresses
endpointslices nodes namespaces events configmaps secrets pvc pv storageclasses roles rolebindings
clusterroles crds leases hpa pdb networkpolicies serviceaccounts helm
gadgets.lies.example.com clusterprofiles"""
DESCRIBED = ("pod", "deploy", "node", "svc", "ns", "gadget", "helm")
LIVE = "@prod-eu"
GETS = [f"{kind} {LIVE}" for kind in KINDS.split()] + [f"pods {LIVE} --match ~", "nodes", "gadgets @prod-*"]
WALK: dict[str, list[str]] = {
    "get": GETS,
    "events": [
        f"--since all {LIVE}", f"--since all --no-group --problems {LIVE}", f"pods {LIVE}",
        f"deploy {{name}} --timeline {LIVE} --since all", f"node {{name}} --timeline {LIVE} --since all",
    ],
    "search": [f"checkout {LIVE}", f"--image checkout {LIVE}", f"-l app=checkout {LIVE}"],
    "logs": [f"deploy {LIVE} --tail 50", f"pods {LIVE} -n {{hostile}}", f"pod/{{hostile}} {LIVE}"],
    "describe": [f"{kind} {LIVE} {{name}}" for kind in DESCRIBED],
    "yaml": [f"pod {{name}} {LIVE}", f"secret {{name}} {LIVE}", f"node {{name}} {LIVE}"],
    "fleet": ["", LIVE],
    "topology": [LIVE, f"-n pay {LIVE} --depth 9", f"pod/* {LIVE}", f"--storage {LIVE}", "--app {hostile}"],
    "blast": [f"node/* {LIVE}", f"pod/* {LIVE}", f"secret/* {LIVE}", "pod/{hostile}"],
    "top": [f"pods {LIVE}", f"nodes {LIVE}", f"containers {LIVE} --waste", f"workloads {{hostile}} {LIVE}"],
    "can-i": [f"delete pods {LIVE}", f"get pods --for alice {LIVE}"],
    "who-can": [f"delete pods {LIVE}"],
    "rights": [LIVE, f"group:system:masters {LIVE}"],
    "delete": [f"pod checkout* {LIVE} --dry-run --yes", f"pod checkout* {LIVE} --yes"],
    "restart": [f"deploy checkout* {LIVE} --dry-run --yes", f"deploy checkout* {LIVE} --yes"],
    "scale": [f"deploy checkout* {LIVE} --replicas 2 --yes"],
    "cordon": [f"node * {LIVE} --yes"],
    "uncordon": [f"node * {LIVE} --yes"],
    "suspend": [f"cronjob * {LIVE} --yes"],
    "resume": [f"cronjob * {LIVE} --yes"],
    "trigger": [f"cronjob * {LIVE} --yes"],
    "edit": [f"cm {{name}} {LIVE} --dry-run --yes"],
    "journal": ["", "--verify"],
    "cluster list": [""],
    "cluster show": ["*"],
    "cluster test": ["*"],
    "cluster import": ["{kubeconfig} --dry-run", "{kubeconfig} --yes"],
    "cluster refresh": ["--yes"],
    "cluster discover": ["-c prod-eu --dry-run", "-c prod-eu --yes"],
    "cluster login": ["lies* --yes", "lies~formula* --yes"],
    "cluster namespaces": ["*", "* --add {hostile}"],
    "cluster tag": ["* --add {hostile}", "lies* --add eu --group {hostile}"],
    "cluster protect": ["lies*"],
    "cluster read-only": ["lies*"],
    "cluster rename": ["lies* {hostile}", "prod-us {hostile}"],
    "cluster group add": ["{hostile} lies*", "g lies*"],
    "cluster group list": [""],
    "cluster group rename": ["g {hostile}"],
    "cluster group drop": ["g lies*", "{hostile} lies*"],
    "cluster remove": ["lies~formula* --yes", "{hostile} --yes"],
    "kubeconfig": ["", "lies*"],
    "credential": ["--cluster {hostile}", "--cluster lies*"],
    "doctor": ["--offline"],
    "settings list": [""],
    "settings get": ["theme", "{hostile}"],
    "settings set": ["theme {hostile}", "{hostile} 1"],
    "settings unset": ["{hostile}"],
    "settings check": [""],
    "settings keys": [""],
    "settings themes": [""],
    "vault status": [""],
    "vault check": [""],
    "vault slot list": [""],
    "vault slot remove": ["{hostile}"],
    "vault export": ["{hostile} {hostile}"],
    "vault import": ["{hostile}"],
    "vault backup": ["{hostile}"],
    "completion": ["{hostile}"],
}  # fmt: skip
NOT_WALKED = {
    "demo": "its fleet is made by the program itself",
    "vault init": "says only what the program knows; its recovery code is made by it",
    "vault unlock": "as vault init",
    "vault lock": "as vault init",
    "vault passwd": "as vault init",
    "vault slot add": "as vault init",
    "settings path": "a path of the person's own",
    "settings edit": "starts an editor; what it says is what settings check says",
    "settings schema": "made from the program",
    "support-bundle": "writes a file; what is in it has tests of its own (tests/diagnosis)",
}
"""Commands without a word of anybody else in their output, and why that is so."""
NOT_WALKED |= dict.fromkeys(
    (path for path in all_commands() if path.startswith("engine ")),
    "asks a storage engine, no cluster; the engine that lies is in test_engine.py",
)
SPOILED_ARGUMENT = "no" + MARK + "".join(text for name, text in CORPUS.items() if name != "overprint")
"""A NUL can't be in an argument, so the entry that has one is left out."""


def test_every_command_is_walked_or_has_a_reason() -> None:
    assert set(WALK) | set(NOT_WALKED) == set(all_commands())
    assert not set(WALK) & set(NOT_WALKED)


RAW = "raw"
"""The very bytes of a log: refused on a terminal (tests/cli/test_logs.py)."""


def formats(command: Any) -> list[str]:
    """What ``-o`` takes; nothing where it takes a file, or there is none."""
    for param in command.params:
        if "-o" in param.opts:
            forms = [str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())]
            return [form for form in forms if form != RAW]
    return []


def lines() -> Iterator[tuple[str, list[str]]]:
    for path, command in all_commands().items():
        for given in WALK.get(path, ()):
            for form in formats(command) or [""]:
                yield (
                    f"{path} {given} {form}",
                    [*path.split(), *given.split(), *(["-o", form] if form else [])],
                )


class Names:
    """The last object of each kind, as an exact name that the hostile servers gave."""

    def __init__(self, navarch: Navarch) -> None:
        self._navarch = navarch
        self._found: dict[str, list[str]] = {}

    def of(self, kind: str) -> list[str]:
        if kind not in self._found:
            told = json.loads(self._navarch("get", kind, LIVE, "-o", "json").stdout)
            last = (told["items"] or [{"metadata": {"name": "none"}}])[-1][
                "metadata"
            ]  # others act on the first
            space = ["-n", last["namespace"]] if "namespace" in last else []
            self._found[kind] = [last["name"], *space]
        return self._found[kind]


@pytest.fixture(scope="module")
def names(navarch: Navarch) -> Names:
    return Names(navarch)


def filled(words: list[str], names: Names, kubeconfig: Path) -> list[str]:
    made: list[str] = []
    for at, word in enumerate(words):
        if word == "{name}":
            kind = next(w for w in words[1:at] if not w.startswith("@"))
            made += names.of(kind)
        else:
            made.append({"{hostile}": SPOILED_ARGUMENT, "{kubeconfig}": str(kubeconfig)}.get(word, word))
    return made


@pytest.mark.xdist_group("hostile-commands")
@pytest.mark.parametrize(("words"), [pytest.param(w, id=i) for i, w in lines()])
def test_nothing_of_it_steers_a_terminal(
    navarch: Navarch, names: Names, kubeconfig: Path, words: list[str]
) -> None:
    done = navarch(*filled(words, names, kubeconfig), EDITOR="true", NO_COLOR="1")
    assert "a bug in Navarch" not in done.stderr
    for stream in (done.stdout, done.stderr):
        assert wrong_in(stream.replace("\r\n", "\n")) == [], stream[:2000]
        whole = words[0] in ("yaml", "logs") or words[-1] in ("json", "yaml")
        assert whole or max(map(len, stream.splitlines()), default=0) < len(HUGE)


SEEN = (
    "get",
    "logs",
    "search",
    "events",
    "describe",
    "yaml",
    "who-can",
    "rights",
    "cluster list",
    "cluster test",
    "kubeconfig",
)


@pytest.mark.xdist_group("hostile-commands")
@pytest.mark.parametrize("command", SEEN)
def test_the_hostile_text_does_come_by(
    navarch: Navarch, names: Names, kubeconfig: Path, command: str
) -> None:
    """Otherwise the walk would prove nothing."""
    done = navarch(*filled([*command.split(), *WALK[command][0].split()], names, kubeconfig))
    assert MARK in done.stdout, done.stderr


@pytest.mark.xdist_group("hostile-commands")
@pytest.mark.parametrize("form", ["json", "yaml"])
def test_data_is_whole_whatever_it_holds(navarch: Navarch, form: str) -> None:
    """Escaped for the terminal, the same for a program: the megabyte too."""
    text = navarch("get", "pods", LIVE, "-o", form).stdout
    told: dict[str, Any] = json.loads(text) if form == "json" else yaml.load(text, yaml.CSafeLoader)
    annotations = [item["metadata"].get("annotations", {}) for item in told["items"]]
    assert annotations
    for at, (name, entry) in enumerate(CORPUS.items()):
        assert {found.get(f"n{at}/{name}") for found in annotations} == {entry}
    assert [found["huge"] for found in annotations if "huge" in found] in ([HUGE], [])


@pytest.mark.xdist_group("hostile-commands")
def test_a_spreadsheet_gets_no_formula(navarch: Navarch) -> None:
    import csv

    told = list(csv.reader(navarch("get", "gadgets", LIVE, "-o", "csv").stdout.splitlines()))
    assert len(told) == 2
    cells = [cell for line in csv.reader(navarch("get", "events", LIVE, "-o", "csv").stdout.splitlines())
             for cell in line]  # fmt: skip
    assert cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t" and cell[:1]]
