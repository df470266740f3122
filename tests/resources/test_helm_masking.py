"""Of a Helm release nothing secret is shown until it is revealed: values, Secrets in manifests, notes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.resources.describe import describe
from backend.resources.document import presentable, to_json, to_yaml
from backend.resources.helm_masking import credentials, manifest_shown, value_paths
from backend.resources.masking import masked, secret_keys

CANARY = "canary-7f3a91"
SECRET = f"""
apiVersion: v1
kind: Secret
metadata: {{name: db}}
stringData:
  password: {CANARY}
"""
PLAIN = """
# Source: web/templates/cm.yaml
apiVersion: v1
kind: ConfigMap
data:   {a:   "b"}
"""


def release(**more: Any) -> dict[str, Any]:
    spec = {
        "chart": {"name": "web", "version": "1", "appVersion": "2", "description": ""},
        "values": {"auth": {"password": CANARY}, "hosts": ["one", {"token": CANARY}], "replicas": 3},
        "computedValues": {"auth": {"password": CANARY, "user": "shop"}, "odd.key": "v", "empty": {}},
    }
    status = {
        "status": "deployed",
        "revision": 1,
        "deployedRevision": 1,
        "firstDeployed": "",
        "lastDeployed": "",
        "description": "",
        "storedIn": "secret/x",
        "notes": f"log in with {CANARY}",
        "history": [],
        "manifest": manifest_shown(f"---{PLAIN}---{SECRET}"),
        "hooks": [{"name": "h", "path": "p", "events": [], "manifest": manifest_shown(SECRET)}],
        **more,
    }
    metadata = {"name": "web", "namespace": "pay"}
    return {
        "apiVersion": "helm.sh/v1",
        "kind": "HelmRelease",
        "metadata": metadata,
        "spec": spec,
        "status": status,
    }


def test_nothing_secret_is_in_any_form_of_it() -> None:
    obj = release()
    for text in (
        to_yaml(presentable(obj)),
        to_json(presentable(obj)),
        describe(obj),
        json.dumps(masked(obj)),
    ):
        assert CANARY not in text
    assert "log in with ‹masked›" in describe(obj)


def test_keys_stay_and_every_leaf_is_masked() -> None:
    spec = masked(release())["spec"]
    assert spec["values"] == {
        "auth": {"password": "‹masked›"},
        "hosts": ["‹masked›", {"token": "‹masked›"}],
        "replicas": "‹masked›",
    }
    assert spec["computedValues"]["empty"] == {}
    assert spec["chart"]["name"] == "web"


def test_one_value_is_revealed_by_its_path() -> None:
    obj = release()
    assert secret_keys(obj) == value_paths(obj)
    assert set(value_paths(obj)) == {
        "auth.password",
        "auth.user",
        "hosts[0]",
        "hosts[1].token",
        "odd\\.key",
        "replicas",
    }
    shown = masked(obj, reveal={"hosts[1].token"})["spec"]["values"]
    assert shown["hosts"] == ["‹masked›", {"token": CANARY}]
    assert shown["auth"]["password"] == "‹masked›"
    assert masked(obj, reveal={"odd\\.key"})["spec"]["computedValues"]["odd.key"] == "v"


def test_revealing_a_value_leaves_the_manifests_secrets_masked() -> None:
    shown = masked(release(), reveal={"auth.password", "hosts[1].token"})
    assert CANARY not in shown["status"]["manifest"]
    assert CANARY not in shown["status"]["hooks"][0]["manifest"]
    everything = masked(release(), reveal={"*"})
    assert everything["spec"]["values"]["auth"]["password"] == CANARY
    assert CANARY not in everything["status"]["manifest"]


def test_credentials_in_plain_objects_are_masked_too() -> None:
    pod = f"---\nkind: Pod\nspec: {{containers: [{{env: [{{name: P, value: {CANARY}}}]}}]}}\n"
    shown = masked(release(manifest=manifest_shown(pod)))["status"]["manifest"]
    assert CANARY not in shown
    assert "value: ‹masked›" in shown


def test_documents_without_secrets_stay_as_they_were_written() -> None:
    assert manifest_shown(f"---{PLAIN}---{PLAIN}") == f"---{PLAIN}---{PLAIN}"
    shown = manifest_shown(f"---{PLAIN}---\n# Source: web/templates/s.yaml{SECRET}---{PLAIN}")
    assert shown.count(PLAIN) == 2
    assert "# Source: web/templates/s.yaml" in shown
    assert "password: ‹masked, 13 bytes›" in shown


@pytest.mark.parametrize(
    "manifest",
    [
        f"--- {{apiVersion: v1, kind: Secret, stringData: {{a: {CANARY}}}}}\n",
        f'---\n{{"apiVersion": "v1", "kind": "Secret", "stringData": {{"a": "{CANARY}"}}}}\n',
        f'---\napiVersion: v1\nkind: "S\\x65cret"\nstringData: {{a: {CANARY}}}\n',
        f"---\napiVersion: v1\nkind: !!str Secret\nstringData: {{a: {CANARY}}}\n",
        f"---\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  stringData: {{a: {CANARY}}}\n",
        f"---\nkind: &k Secret\napiVersion: v1\nstringData: {{a: {CANARY}}}\nmetadata: {{name: *k}}\n",
        f"---\nkind: Secret\napiVersion: v1\nstringData: {{a: {CANARY}\n",
        f"---\nkind: ConfigMap\n...\nkind: Secret\napiVersion: v1\nstringData: {{a: {CANARY}}}\n",
        f"kind: Secret\napiVersion: v1\nstringData: {{a: {CANARY}}}",
        f"---\r\nkind: Secret\r\napiVersion: v1\r\nstringData: {{a: {CANARY}}}\r\n",
        f"---\nkind: Secret\nkind: Secret\napiVersion: v1\ndata: [{CANARY}]\n",
    ],
)
def test_however_a_secret_is_written_it_is_masked(manifest: str) -> None:
    assert CANARY not in manifest_shown(manifest)


def test_what_can_not_be_read_says_so() -> None:
    shown = manifest_shown("---\nkind: Secret\ndata: {a: b\n---\nkind: Pod\n")
    assert "may hold a Secret, and can't be read" in shown
    assert "kind: Pod" in shown


@pytest.mark.parametrize(
    ("path", "value", "hidden"),
    [
        ("password", "hunter22", True),
        ("adminPassword", "hunter22", True),
        ("apiKey", "hunter22", True),
        ("key", "hunter22", True),
        ("secrets", {"DB_URL": "hunter22"}, True),
        ("existingSecret", "ledger-credentials", False),
        ("secretName", "ledger-credentials", False),
        ("existingSecretPasswordKey", "password", False),
        ("image", "hunter22", False),
        ("password", "abc", False),
        ("monkey", "hunter22", False),
    ],
)
def test_which_values_are_taken_out_of_texts(path: str, value: object, hidden: bool) -> None:
    assert bool(credentials({"values": {"web": {path: value}}})) is hidden
