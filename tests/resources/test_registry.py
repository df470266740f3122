"""Kinds are found by their files, words mean what kubectl means, secrets' values are never decoded."""

from __future__ import annotations

import json

import pytest

from backend.kube.objects import ApiResource
from backend.resources import registry
from backend.resources.kinds import secret


def test_every_file_of_the_folder_is_a_kind() -> None:
    names = {kind.resource.kind for kind in registry.kinds()}
    assert names >= {
        "Node",
        "Namespace",
        "Pod",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "Job",
        "Service",
        "ConfigMap",
        "Secret",
        "Event",
        "PersistentVolumeClaim",
    }


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("po", "pods"),
        ("Pod", "pods"),
        ("PODS", "pods"),
        ("deploy", "deployments"),
        ("deployments.apps", "deployments"),
        ("deployments.v1.apps", "deployments"),
        ("deploy.apps", "deployments"),
        ("pvc", "persistentvolumeclaims"),
        ("ev", "events"),
        ("cm", "configmaps"),
        ("svc", "services"),
    ],
)
def test_words(word: str, plural: str) -> None:
    kind = registry.builtin(word)
    assert kind is not None
    assert kind.resource.plural == plural


def test_no_word_of_a_kind_with_an_entry_has_a_hyphen() -> None:
    """So a pod's name costs no look into each kind's file."""
    entries = [kind for kind in registry.kinds() if not kind.custom]
    assert not [word for kind in entries for word in registry.words(kind.resource) if "-" in word]


def test_other_words_are_left_to_the_server() -> None:
    assert registry.builtin("certificates") is None
    assert registry.builtin("deployments.example.com") is None
    assert registry.for_resource(_resource("apps", "v1beta1", "deployments")) is None


def _resource(group: str, version: str, plural: str) -> ApiResource:
    return ApiResource(
        group=group, version=version, plural=plural, singular="", kind="X", namespaced=True, verbs=("list",)
    )


def test_a_list_of_secrets_keeps_no_value() -> None:
    page = {
        "metadata": {"resourceVersion": "5"},
        "items": [{"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "aHVudGVyMg==", "b": ""}}],
    }
    found = registry.struct_decoder(secret.KIND).page(json.dumps(page).encode())
    assert found.items[0] == secret.SecretRow(metadata=found.items[0].metadata, type="Opaque", entries=2)
    assert "aHVudGVyMg" not in repr(found)


def test_one_odd_object_does_not_spoil_the_list() -> None:
    kind = registry.builtin("pods")
    assert kind is not None
    page = {"metadata": {}, "items": [{"metadata": {"name": "good"}}, {"metadata": {"name": ["odd"]}}]}
    found = registry.struct_decoder(kind).page(json.dumps(page).encode())
    assert ([item.metadata.name for item in found.items], found.skipped) == (["good"], 1)
    event = registry.struct_decoder(kind).event(
        json.dumps({"type": "ADDED", "object": page["items"][0]}).encode()
    )
    assert event.item is not None
    assert event.item.metadata.name == "good"
