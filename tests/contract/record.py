"""Records what the demo answers from a real API server: discovery, OpenAPI, table columns.

    python -m tests.contract.record KUBECONFIG CONTEXT

Writes backend/demo/data/. Run it against a fresh server of the version that the demo is to resemble
(tests/real starts one), and look at the diff of the contract suite.
"""

from __future__ import annotations

import json
import lzma
import sys
import zipfile
from pathlib import Path
from typing import Any

from tests.contract.door import Door

DATA = Path(__file__).resolve().parents[2] / "backend" / "demo" / "data"
_AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
_TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


def main(kubeconfig: Path, context: str) -> None:
    door = Door(kubeconfig, context)
    discovery = {name: door.ask("GET", f"/{name}", accept=_AGGREGATED).json for name in ("api", "apis")}
    for document in discovery.values():
        for group in document["items"]:
            group["metadata"].pop("creationTimestamp", None)
    _pack("discovery.json.xz", discovery)
    _pack("columns.json.xz", _columns(door, discovery))
    _pack("openapi-v2.json.xz", door.ask("GET", "/openapi/v2").json)
    served = door.ask("GET", "/openapi/v3").json["paths"]
    with zipfile.ZipFile(DATA / "openapi-v3.zip", "w", zipfile.ZIP_LZMA) as archive:
        for path, where in sorted(served.items()):
            entry = zipfile.ZipInfo(f"{path}.json")  # a fixed date: the same recording, the same bytes
            entry.compress_type = zipfile.ZIP_LZMA
            archive.writestr(entry, _compact(door.ask("GET", where["serverRelativeURL"]).json))
    print(f"recorded {len(served)} OpenAPI documents from {door.host}:{door.port}")


def _columns(door: Door, discovery: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for document in discovery.values():
        for group in document["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                base = f"/apis/{name}/{version['version']}" if name else f"/api/{version['version']}"
                for resource in version["resources"]:
                    if "list" not in resource["verbs"]:
                        continue
                    key = f"{name}/{resource['resource']}" if name else resource["resource"]
                    reply = door.ask("GET", f"{base}/{resource['resource']}?limit=1", accept=_TABLE)
                    if reply.status == 200:
                        found.setdefault(key, reply.json["columnDefinitions"])
    return found


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


def _pack(name: str, value: Any) -> None:
    (DATA / name).write_bytes(lzma.compress(_compact(value)))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
