"""Kubernetes' protobuf bodies, as kubectl and client-go send them, turned into the JSON form of the object.

A body is ``k8s\\0`` and a ``runtime.Unknown`` with the kind and the object's bytes (Kubernetes' API concepts,
"Kubernetes Protobuf encoding"; the wire format is protobuf's own). Which number means which field is recorded
from the published modules (tests/contract/record_protobuf.py). Zero values are left out where Go's
JSON leaves them out.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from backend.demo.catalog import recorded

MAGIC = b"k8s\x00"
_DEEPEST = 64
_META = "k8s.io.apimachinery.pkg.apis.meta.v1"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


class Undecodable(ValueError):
    """The bytes are not what they claim to be; the message says why."""


def decode(body: bytes) -> dict[str, Any]:
    """The object in a protobuf body, with its apiVersion and kind.

    :raises Undecodable: broken bytes, or a kind that Kubernetes' API does not have.
    """
    if not body.startswith(MAGIC):
        raise Undecodable("provided data does not appear to be a protobuf message, expected prefix k8s\\0")
    api_version = kind = ""
    raw = b""
    for number, value in _fields(body[len(MAGIC) :]):
        if number == 1:
            names = {at: _bytes(text).decode("utf-8", "replace") for at, text in _fields(_bytes(value))}
            api_version, kind = names.get(1, ""), names.get(2, "")
        elif number == 2:
            raw = _bytes(value)
    layout = recorded("protobuf.json.xz")
    message = layout["kinds"].get(f"{api_version} {kind}") or layout["kinds"].get(f"v1 {kind}")
    if message is None:
        raise Undecodable(f'no kind "{kind}" is registered for version "{api_version}"')
    return {"apiVersion": api_version, "kind": kind, **_message(layout["messages"], message, raw, 0)}


def _message(messages: dict[str, Any], name: str, raw: bytes, depth: int) -> dict[str, Any]:
    """One message as JSON's object."""
    if depth > _DEEPEST:
        raise Undecodable("the message is nested too deeply")
    layout: dict[str, list[str]] = messages[name]
    found: dict[str, Any] = {}
    for number, value in _fields(raw):
        if (field := layout.get(str(number))) is None:
            continue  # of a newer release: dropped, as the server does
        key, kind, flags = field
        if kind.startswith("map "):
            found.setdefault(key, {}).update([_pair(messages, kind[4:], _bytes(value), depth)])
            continue
        decoded = _value(messages, kind, value, depth)
        if "i" in flags:
            found.update(decoded)
        elif "r" in flags:
            found.setdefault(key, []).append(decoded)
        elif decoded or "p" in flags or "o" not in flags:
            found[key] = decoded
    return found


def _value(messages: dict[str, Any], kind: str, value: int | bytes, depth: int) -> Any:
    if kind in _SPECIAL:
        return _SPECIAL[kind](dict(_fields(_bytes(value))))
    if kind.endswith(".ExtraValue"):  # a list of strings, which protobuf can't have as a map's value
        return [_text(item) for _, item in _fields(_bytes(value))]
    if kind in messages:
        return _message(messages, kind, _bytes(value), depth + 1)
    return _scalar(kind, value)


def _scalar(kind: str, value: int | bytes) -> Any:
    if kind == "string":
        return _text(value)
    if kind == "bytes":
        return base64.b64encode(_bytes(value)).decode()
    if kind == "double":
        return struct.unpack("<d", _bytes(value))[0]
    if isinstance(value, bytes):
        raise Undecodable(f"wrong wire type for a field of type {kind}")
    return bool(value) if kind == "bool" else _signed(value)


def _pair(messages: dict[str, Any], kind: str, raw: bytes, depth: int) -> tuple[str, Any]:
    entry = dict(_fields(raw))
    empty: int | bytes = 0 if kind in ("int32", "int64", "bool") else b""
    return _text(entry.get(1, b"")), _value(messages, kind, entry.get(2, empty), depth + 1)


def _fields(raw: bytes) -> Iterator[tuple[int, int | bytes]]:
    """(field number, value) in the order of the bytes; values of fixed width stay bytes."""
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        wire = key & 7
        if wire == _VARINT:
            number, at = _varint(raw, at)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            length, at = _varint(raw, at)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise Undecodable(f"wire type {wire} is not used in Kubernetes' API")
        if length > len(raw) - at:
            raise Undecodable("unexpected EOF")
        yield key >> 3, raw[at : at + length]
        at += length


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(raw):
            raise Undecodable("unexpected EOF")
        byte = raw[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise Undecodable("integer overflow")


def _signed(value: int) -> int:
    value &= 2**64 - 1
    return value - 2**64 if value >= 2**63 else value


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise Undecodable("a number where a message or a string was expected")
    return value


def _text(value: int | bytes) -> str:
    try:
        return _bytes(value).decode()
    except UnicodeDecodeError:
        raise Undecodable("a string is not UTF-8") from None


# --- types whose JSON form is not that of their message

_Fields = dict[int, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _time(fields: _Fields) -> str | None:
    if not fields:
        return None
    moment = _moment(fields)
    return moment.replace(microsecond=0).isoformat().replace("+00:00", "Z")


def _micro_time(fields: _Fields) -> str | None:
    return _moment(fields).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if fields else None


def _moment(fields: _Fields) -> datetime:
    seconds, nanoseconds = _signed(fields.get(1, 0)), _signed(fields.get(2, 0))
    try:
        return _EPOCH + timedelta(seconds=seconds, microseconds=nanoseconds // 1000)
    except OverflowError:
        raise Undecodable("a time is out of range") from None


def _duration(fields: _Fields) -> str:
    return f"{_signed(fields.get(1, 0)) / 1e9:g}s"


def _int_or_string(fields: _Fields) -> int | str:
    return _text(fields.get(3, b"")) if fields.get(1) else _signed(fields.get(2, 0))


def _quantity(fields: _Fields) -> str:
    return _text(fields.get(1, b"")) or "0"


def _raw_json(fields: _Fields) -> Any:
    raw = _bytes(fields.get(1, b""))
    try:
        return msgspec.json.decode(raw) if raw else None
    except msgspec.DecodeError:
        raise Undecodable("embedded JSON is broken") from None


_SPECIAL: dict[str, Callable[[_Fields], Any]] = {
    f"{_META}.Time": _time,
    f"{_META}.MicroTime": _micro_time,
    f"{_META}.Duration": _duration,
    f"{_META}.FieldsV1": _raw_json,
    "k8s.io.apimachinery.pkg.runtime.RawExtension": _raw_json,
    "k8s.io.apimachinery.pkg.util.intstr.IntOrString": _int_or_string,
    "k8s.io.apimachinery.pkg.api.resource.Quantity": _quantity,
}
