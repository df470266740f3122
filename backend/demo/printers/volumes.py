"""Rows of claims, volumes and storage classes."""

from __future__ import annotations

from typing import Any

from backend.demo.ages import age

_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"


def _modes(modes: list[str] | None) -> str:
    return ",".join(short for long, short in _MODES.items() if long in (modes or ()))


def _phase(obj: dict[str, Any]) -> str:
    if "deletionTimestamp" in obj["metadata"]:
        return "Terminating"
    return str(obj.get("status", {}).get("phase", ""))


def _claim(obj: dict[str, Any]) -> list[Any]:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    bound = bool(spec.get("volumeName"))
    return [
        obj["metadata"]["name"],
        _phase(obj),
        spec.get("volumeName", ""),
        (status.get("capacity") or {}).get("storage", "0") if bound else "",
        _modes(status.get("accessModes")) if bound else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        age(obj["metadata"].get("creationTimestamp")),
        spec.get("volumeMode") or "<unset>",
    ]


def _volume(obj: dict[str, Any]) -> list[Any]:
    spec = obj.get("spec", {})
    claim = spec.get("claimRef")
    return [
        obj["metadata"]["name"],
        (spec.get("capacity") or {}).get("storage", "0"),
        _modes(spec.get("accessModes")),
        spec.get("persistentVolumeReclaimPolicy", ""),
        _phase(obj),
        f"{claim['namespace']}/{claim['name']}" if claim else "",
        spec.get("storageClassName", ""),
        spec.get("volumeAttributesClassName") or "<unset>",
        obj.get("status", {}).get("reason", ""),
        age(obj["metadata"].get("creationTimestamp")),
        spec.get("volumeMode") or "<unset>",
    ]


def _storage_class(obj: dict[str, Any]) -> list[Any]:
    default = (obj["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
    return [
        obj["metadata"]["name"] + (" (default)" if default else ""),
        obj.get("provisioner", ""),
        obj.get("reclaimPolicy", "Delete"),
        obj.get("volumeBindingMode", "Immediate"),
        bool(obj.get("allowVolumeExpansion")),
        age(obj["metadata"].get("creationTimestamp")),
    ]


CELLS = {
    "persistentvolumeclaims": _claim,
    "persistentvolumes": _volume,
    "storage.k8s.io/storageclasses": _storage_class,
}
