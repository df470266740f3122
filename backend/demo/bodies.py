"""Request bodies: JSON and YAML in; protobuf is refused with the server's own 415."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from backend.demo.calls import Call
from backend.demo.status import bad_request, unsupported_media

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"


def decode_body(call: Call) -> dict[str, Any]:
    """The object in a request's body; raises ApiError 400 or 415."""
    media = call.content_type.split(";")[0].strip() or JSON
    if media == PROTOBUF or call.body[:4] == b"k8s\x00":
        raise unsupported_media([JSON, YAML])
    if not call.body.strip():
        return {}
    value = decode_yaml(call.body) if "yaml" in media else decode_json(call.body)
    if not isinstance(value, dict):
        raise bad_request("the object provided is unrecognized (must be of type Object)")
    return value


def decode_json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        raise bad_request(f"the body of the request was not valid JSON: {error}") from None


def decode_yaml(body: bytes) -> Any:
    """One YAML (or JSON) document; raises ApiError 400."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        pass
    try:
        for token in yaml.scan(body, Loader=yaml.CSafeLoader):
            if isinstance(token, yaml.AliasToken):
                raise bad_request("error decoding YAML: aliases are not accepted")
        loaded = yaml.load(body, Loader=_PlainLoader)  # noqa: S506 - a safe loader without timestamps
    except (yaml.YAMLError, RecursionError) as error:
        raise bad_request(f"error decoding YAML: {error}") from None
    return loaded


class _PlainLoader(yaml.CSafeLoader):
    """YAML as JSON: timestamps stay strings, as in sigs.k8s.io/yaml."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}
