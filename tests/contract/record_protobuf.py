"""Records how Kubernetes' API types are laid out in protobuf, from the published modules of its API.

    python -m tests.contract.record_protobuf

Writes backend/demo/data/protobuf.json.xz. Two sources are joined: ``generated.proto`` says which number is
which field of which message; the tags of the Go types say its JSON name, whether it is inlined, whether
a zero is left out of JSON (``omitempty``) and whether it is a pointer (then a zero that was sent was meant).
"""

from __future__ import annotations

import json
import lzma
import re
import subprocess
from pathlib import Path
from typing import Any

from backend.demo.catalog import recorded
from tests.contract.record import DATA
from tests.real.binaries import MODULE, cache_root
from tests.real.toolchain import find_go

_PACKAGE = re.compile(r"^package ([\w.]+);", re.MULTILINE)
_MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^  (?:(optional|repeated) )?(map<[^>]*>|[\w.]+) (\w+) = (\d+);", re.MULTILINE)
_STRUCT = re.compile(r"^type (\w+) struct \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_TAGGED = re.compile(r"^\t(?:\w+ )?(\S+) `([^`]*protobuf:\"\w+,\d[^`]*)`", re.MULTILINE)


def main() -> None:
    messages: dict[str, dict[str, list[str]]] = {}
    for module in ("k8s.io/api", "k8s.io/apimachinery"):
        for proto in sorted(_folder(module).rglob("generated.proto")):
            messages |= _messages(proto)
    layout = {"kinds": _kinds(messages), "messages": messages}
    packed = json.dumps(layout, separators=(",", ":"), sort_keys=True).encode()
    (DATA / "protobuf.json.xz").write_bytes(lzma.compress(packed))
    print(f"recorded {len(messages)} messages of {len(layout['kinds'])} kinds")


def _folder(module: str) -> Path:
    go = find_go(cache_root() / "gopath")
    command = [go.command, "list", "-m", "-f", "{{.Dir}}", module]
    done = subprocess.run(command, cwd=MODULE, env=go.environ(), capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def _messages(proto: Path) -> dict[str, dict[str, list[str]]]:
    text = proto.read_text()
    package = _PACKAGE.findall(text)[0]
    tags = _tags(proto.parent)
    found = {}
    for name, body in _MESSAGE.findall(text):
        fields = {}
        for repeated, kind, field, number in _FIELD.findall(body):
            json_name, flags = tags.get((name, number), (field, ""))
            many = "r" if repeated == "repeated" else ""
            fields[number] = [json_name, _full(kind, package), many + flags]
        found[f"{package}.{name}"] = fields
    return found


def _full(kind: str, package: str) -> str:
    """Names of messages are absolute in the result; scalars and maps of scalars stay as they are."""
    if kind.startswith("map<"):
        value = kind[4:-1].partition(",")[2].strip()
        return f"map {_full(value, package)}"
    if kind.startswith("."):
        return kind[1:]
    return kind if kind[0].islower() else f"{package}.{kind}"


def _tags(folder: Path) -> dict[tuple[str, str], tuple[str, str]]:
    """(struct, field number) -> JSON name and flags: i inlined, o omitempty, p pointer."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for source in folder.glob("*.go"):
        if source.name.startswith(("zz_", "generated")):
            continue
        for struct, body in _STRUCT.findall(source.read_text()):
            for kind, tag in _TAGGED.findall(body):
                name, *options = re.findall(r'json:"([^"]*)"', tag)[0].split(",") if "json:" in tag else [""]
                number = re.findall(r'protobuf:"\w+,(\d+)', tag)[0]
                flags = "i" if "inline" in options or not name else ""
                flags += "o" if {"omitempty", "omitzero"} & set(options) else ""
                flags += "p" if kind.startswith("*") else ""
                found[struct, number] = (name, flags)
    return found


def _kinds(messages: dict[str, Any]) -> dict[str, str]:
    """``apps/v1 Deployment`` -> its message, by what OpenAPI says of the definition of the same name."""
    found = {}
    for definition, schema in recorded("openapi-v2.json.xz")["definitions"].items():
        message = definition.replace("io.k8s.", "k8s.io.", 1)
        for identity in schema.get("x-kubernetes-group-version-kind", []):
            if message in messages:
                group = f"{identity['group']}/" if identity["group"] else ""
                found[f"{group}{identity['version']} {identity['kind']}"] = message
    return found


if __name__ == "__main__":
    main()
