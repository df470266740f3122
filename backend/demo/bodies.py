"""Request bodies: JSON, YAML and protobuf in."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml

from backend.demo import protobuf
from backend.demo.calls import Call
from backend.demo.status import bad_request, unsupported_media

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"

_SHOWN = 35
"""So many bytes of a broken body does the server repeat."""


def decode_body(call: Call) -> dict[str, Any]:
    """The object in a request's body; raises ApiError 400 or 415."""
    media = call.content_type.split(";")[0].strip() or JSON
    if media not in (JSON, YAML, PROTOBUF):
        raise unsupported_media([JSON, YAML, PROTOBUF])
    if media == PROTOBUF:
        try:
            return protobuf.decode(call.body)
        except protobuf.Undecodable as error:
            kind = call.target.resource.kind
            start = call.body[:_SHOWN].hex()
            raise bad_request(
                f"the object provided is unrecognized (must be of type {kind}): {error} ({start})"
            ) from None
    if not call.body.strip():
        return {}
    value = decode_yaml(call.body) if media == YAML else decode_json(call.body)
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
