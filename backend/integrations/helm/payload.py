"""The payload of a stored revision: base64 of gzip of JSON, opened within bounds.

Format: Helm's ``pkg/storage/driver`` (util.go, secrets.go, cfgmaps.go): the JSON of the release, gzip,
base64; in a Secret, Kubernetes' own base64 around it. Releases of very old versions are not compressed.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import msgspec

from backend.kube.decoder import UNREADABLE

MAX_JSON = 32 * 1024 * 1024
"""Bytes of a release's JSON. An object in etcd holds 1.5 MB, which could swell to 1.5 GB."""
_GZIP = b"\x1f\x8b\x08"
_GZIP_ONLY = 16 + zlib.MAX_WBITS


class BadRelease(ValueError):
    """The stored revision can't be read; the text says why, in a few words."""


class ChartMetadata(msgspec.Struct, frozen=True):
    name: str = ""
    version: str = ""
    app_version: str = msgspec.field(name="appVersion", default="")
    description: str = ""


class ChartHead(msgspec.Struct, frozen=True):
    metadata: ChartMetadata | None = None


class InfoHead(msgspec.Struct, frozen=True):
    status: str = ""
    description: str = ""
    first_deployed: str = ""
    last_deployed: str = ""


class Head(msgspec.Struct, frozen=True):
    """What lists and histories show of a revision; the rest is skipped by the parser."""

    name: str = ""
    version: int = 0
    info: InfoHead = InfoHead()
    chart: ChartHead = ChartHead()

    @property
    def chart_name(self) -> str:
        """``postgresql-16.4.2``, as helm writes it."""
        chart = self.chart.metadata
        return f"{chart.name}-{chart.version}" if chart is not None and chart.name else ""

    @property
    def app_version(self) -> str:
        return self.chart.metadata.app_version if self.chart.metadata is not None else ""


class Chart(ChartHead, frozen=True):
    values: dict[str, Any] | None = None


class Info(InfoHead, frozen=True):
    notes: str = ""


class Hook(msgspec.Struct, frozen=True):
    name: str = ""
    path: str = ""
    manifest: str = ""
    events: list[str] | None = None


class Release(Head, frozen=True):
    """A whole revision."""

    info: Info = Info()
    chart: Chart = Chart()
    config: dict[str, Any] | None = None
    """The values that the user gave."""
    manifest: str = ""
    hooks: list[Hook] | None = None


_head = msgspec.json.Decoder(Head)
_release = msgspec.json.Decoder(Release)


def opened(stored: str, *, secret: bool) -> bytes:
    """The JSON of a stored revision (``data.release``). Raises BadRelease."""
    try:
        inner = base64.b64decode(stored, validate=True) if secret else stored.encode()
        packed = base64.b64decode(inner, validate=True)
    except (binascii.Error, ValueError):
        raise BadRelease("it is not base64") from None
    if not packed.startswith(_GZIP):
        return packed
    inflater = zlib.decompressobj(_GZIP_ONLY)
    try:
        text = inflater.decompress(packed, MAX_JSON)
    except zlib.error:
        raise BadRelease("it is not gzip") from None
    if inflater.eof:
        return text
    if len(text) >= MAX_JSON:
        raise BadRelease(f"it is larger than {MAX_JSON >> 20} MiB")
    raise BadRelease("it stops in its middle")


def head_of(stored: str, *, secret: bool) -> Head:
    """What lists show of a stored revision. Raises BadRelease."""
    try:
        return _head.decode(opened(stored, secret=secret))
    except UNREADABLE:
        raise BadRelease("it is no release") from None


def release_of(stored: str, *, secret: bool) -> Release:
    """A stored revision. Raises BadRelease."""
    try:
        return _release.decode(opened(stored, secret=secret))
    except UNREADABLE:
        raise BadRelease("it is no release") from None


def computed(chart: dict[str, Any] | None, given: dict[str, Any] | None) -> dict[str, Any]:
    """The chart's values under the user's, as Helm merges them: maps by key; null takes a key away."""
    merged = dict(chart or {})
    for key, value in (given or {}).items():
        below = merged.get(key)
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict):
            merged[key] = computed(below if isinstance(below, dict) else None, value)
        else:
            merged[key] = value
    return merged
