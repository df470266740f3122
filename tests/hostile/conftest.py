"""A hostile fleet, and a vault that holds it under hostile names."""

from __future__ import annotations

import asyncio
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.kube.objects import ApiResource
from backend.resources.kind import api_resource
from backend.resources.kinds.customresourcedefinition import KIND as DEFINITION
from tests.cli.vault_command import Navarch
from tests.fleet.registry.profiles import GROUP, definition, profile, provider
from tests.fleet.running_demo import Demo, running_demo
from tests.hostile.corpus import CORPUS, spoiled
from tests.ui.conftest import _utc, open_app  # noqa: F401 - fixtures

PROFILES: ApiResource = api_resource(f"{GROUP}/v1alpha1", "ClusterProfile", "clusterprofiles")
GADGETS: ApiResource = api_resource("lies.example.com/v1", "Gadget", "gadgets")
PLUGIN = """#!{python}
import sys
sys.stderr.write({words!r})
sys.exit(1)
"""


@pytest.fixture(scope="session")
def hostile() -> Iterator[Demo]:
    """Two clusters that lie in every field, with ClusterProfiles and a kind of their own."""
    with running_demo(pods=24, module="tests.hostile.server") as demo:
        asyncio.run(_furnish(demo))
        yield demo


async def _furnish(demo: Demo) -> None:
    async with Fleet(members_of(demo.kubeconfig)[0]) as fleet:
        client = fleet.select(["prod-eu"])[0].client
        for crd in (definition("v1alpha1"), gadgets()):
            await client.create(DEFINITION.resource, crd)
        found = profile("sloop", provider("dock", "https://10.0.0.7:6443"), namespace="pay")
        for obj in (found, profile("lost", namespace="pay")):
            await client.create(PROFILES, obj, namespace="pay")
        gadget = {"apiVersion": "lies.example.com/v1", "kind": "Gadget", "metadata": {"name": "one"}}
        await client.create(GADGETS, gadget | {"spec": {"what": "thing"}}, namespace="pay")


def gadgets() -> dict[str, Any]:
    """A definition with a printer column."""
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    column = {"name": "Hostile", "type": "string", "jsonPath": ".spec.what", "description": "what it is"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "additionalPrinterColumns": [column],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "gadgets.lies.example.com"},
        "spec": {
            "group": "lies.example.com",
            "scope": "Namespaced",
            "names": {"plural": "gadgets", "singular": "gadget", "kind": "Gadget", "listKind": "GadgetList"},
            "versions": [version],
        },
    }


@pytest.fixture(scope="session")
def kubeconfig(hostile: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile clusters, a context for each entry of the corpus, and one whose plugin complains."""
    folder = tmp_path_factory.mktemp("kubeconfig")
    plugin = folder / "plugin"
    plugin.write_text(PLUGIN.format(python=sys.executable, words="".join(CORPUS.values())))
    plugin.chmod(stat.S_IRWXU)
    config = yaml.safe_load(hostile.kubeconfig.read_text())
    user = {"command": str(plugin), "apiVersion": "client.authentication.k8s.io/v1", "args": list(CORPUS)}
    user |= {"interactiveMode": "Never", "installHint": "".join(CORPUS.values())}
    config["users"].append({"name": "plugin", "user": {"exec": user}})
    server = config["clusters"][0]["cluster"]
    for entry in CORPUS:
        name = spoiled("lies", entry)
        config["clusters"].append({"name": name, "cluster": {**server, "server": "https://127.0.0.1:1"}})
        config["contexts"].append({"name": name, "context": {"cluster": name, "user": "plugin"}})
    path = folder / "config"
    path.write_text(yaml.safe_dump(config))
    return path


@pytest.fixture(scope="session")
def navarch(kubeconfig: Path, tmp_path_factory: pytest.TempPathFactory) -> Navarch:
    """Somebody whose vault holds the hostile fleet."""
    made = Navarch(tmp_path_factory.mktemp("person"), in_process=True)
    made.make_vault()
    made("cluster", "import", str(kubeconfig), "--yes", "--approve-programs")
    return made
