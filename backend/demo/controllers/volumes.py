"""Claims are bound to new volumes of their storage class; released volumes go away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backend.demo.cluster import Cluster
from backend.demo.engine import Engine
from backend.demo.recorder import record
from backend.demo.store import Event, Key

CLAIMS, VOLUMES, CLASSES = "persistentvolumeclaims", "persistentvolumes", "storage.k8s.io/storageclasses"
_PROTECTION = "kubernetes.io/pvc-protection"
DEFAULT_CLASS = "standard"


class VolumeController:
    watches = (CLAIMS, "pods")

    def __init__(self, engine: Engine) -> None:
        self.cluster: Cluster = engine.cluster
        self._engine = engine

    def keys(self, collection: str, event: Event) -> Iterable[Key]:
        if collection == CLAIMS:
            if event.type == "DELETED":
                self._release(event.stored.object())
            return [event.stored.key]
        if event.type != "DELETED" or b"persistentVolumeClaim" not in event.stored.body:
            return []
        return [(event.stored.namespace, name) for name in _claims_of(event.stored.object())]

    def reconcile(self, key: Key) -> None:
        stored = self.cluster.store.get(CLAIMS, *key)
        if stored is None:
            return
        claim = stored.object()
        if stored.terminating:
            self._let_go(key, claim)
        elif claim.get("status", {}).get("phase") != "Bound":
            self._bind(key, claim)

    def _bind(self, key: Key, claim: dict[str, Any]) -> None:
        spec = claim["spec"]
        name = spec.setdefault("storageClassName", DEFAULT_CLASS)
        if self.cluster.store.get(CLASSES, "", name) is None:
            text = f'storageclass.storage.k8s.io "{name}" not found'
            self._say(claim, "ProvisioningFailed", text, warning=True)
            return
        uid = claim["metadata"]["uid"]
        size = ((spec.get("resources") or {}).get("requests") or {}).get("storage", "1Gi")
        volume = f"pvc-{uid}"
        self.cluster.add(
            VOLUMES,
            {
                "metadata": {"name": volume, "finalizers": ["kubernetes.io/pv-protection"]},
                "spec": {
                    "capacity": {"storage": size},
                    "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": name,
                    "volumeMode": spec.get("volumeMode", "Filesystem"),
                    "csi": {"driver": "disk.csi.shop.example", "volumeHandle": uid, "fsType": "ext4"},
                    "claimRef": {
                        "kind": "PersistentVolumeClaim",
                        "apiVersion": "v1",
                        "namespace": key[0],
                        "name": key[1],
                        "uid": uid,
                    },
                },
                "status": {"phase": "Bound"},
            },
        )
        spec["volumeName"] = volume
        spec.setdefault("volumeMode", "Filesystem")
        claim["metadata"].setdefault("annotations", {})["pv.kubernetes.io/bind-completed"] = "yes"
        claim["status"] = {
            "phase": "Bound",
            "accessModes": spec.get("accessModes") or ["ReadWriteOnce"],
            "capacity": {"storage": size},
        }
        self.cluster.store.put(CLAIMS, claim)
        self._say(claim, "ProvisioningSucceeded", f"Successfully provisioned volume {volume}")

    def _let_go(self, key: Key, claim: dict[str, Any]) -> None:
        """Protection ends when no pod uses the claim any more."""
        held = claim["metadata"].get("finalizers") or []
        used = any(
            stored.namespace == key[0] and key[1] in _claims_of(stored.object())
            for stored in self.cluster.store.collection("pods").items.values()
        )
        if used or _PROTECTION not in held:
            return
        rest = [name for name in held if name != _PROTECTION]
        claim["metadata"]["finalizers"] = rest
        if rest:
            self.cluster.store.put(CLAIMS, claim)
        else:
            self.cluster.store.remove(CLAIMS, key)

    def _release(self, claim: dict[str, Any]) -> None:
        volume = claim["spec"].get("volumeName")
        if volume:
            self._engine.later(1.0, lambda: self._remove_volume(volume))

    def _remove_volume(self, name: str) -> None:
        self.cluster.store.remove(VOLUMES, ("", name))

    def _say(self, claim: dict[str, Any], reason: str, message: str, *, warning: bool = False) -> None:
        record(
            self.cluster,
            claim,
            kind="PersistentVolumeClaim",
            reason=reason,
            message=message,
            component="persistentvolume-controller",
            severity="Warning" if warning else "Normal",
        )


def _claims_of(pod: dict[str, Any]) -> list[str]:
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    ]
