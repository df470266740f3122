"""ClusterProfiles and their definition, in the shape of KEP-4322 and KEP-5339, written for the tests."""

from __future__ import annotations

import base64
from typing import Any

GROUP = "multicluster.x-k8s.io"
ANYTHING = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


def definition(*versions: str) -> dict[str, Any]:
    """The CRD, with a status subresource as the project's own has."""
    wanted = versions or ("v1alpha1",)
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"clusterprofiles.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "plural": "clusterprofiles",
                "singular": "clusterprofile",
                "kind": "ClusterProfile",
                "listKind": "ClusterProfileList",
            },
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": at == 0,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {"spec": ANYTHING, "status": ANYTHING},
                        }
                    },
                }
                for at, version in enumerate(wanted)
            ],
        },
    }


def provider(name: str, server: str, ca_pem: bytes = b"", **cluster: Any) -> dict[str, Any]:
    authority = {"certificate-authority-data": base64.b64encode(ca_pem).decode()} if ca_pem else {}
    return {"name": name, "cluster": {"server": server, **authority, **cluster}}


def profile(
    name: str, *access: dict[str, Any], namespace: str = "fleet", version: str = "v1alpha1", **status: Any
) -> dict[str, Any]:
    """One profile; without ``access`` nothing says how its cluster is reached."""
    return {
        "apiVersion": f"{GROUP}/{version}",
        "kind": "ClusterProfile",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"x-k8s.io/cluster-manager": "harbour-master"},
        },
        "spec": {"displayName": f"The {name}", "clusterManager": {"name": "harbour-master"}},
        "status": {
            "version": {"kubernetes": "1.35.2"},
            "conditions": [
                {
                    "type": "ControlPlaneHealthy",
                    "status": "True",
                    "reason": "Healthy",
                    "message": "",
                    "lastTransitionTime": "2026-09-01T10:00:00Z",
                }
            ],
            "properties": [{"name": "topology.kubernetes.io/region", "value": "eu-west-1"}],
            "accessProviders": list(access),
            **status,
        },
    }
