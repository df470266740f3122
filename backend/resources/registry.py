"""Finds a kind's entry: the folder of kinds, or the server's own table for everything else."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

from backend.kube.decoder import StructDecoder
from backend.kube.objects import ApiResource, Decoder, Event, Item, Page
from backend.resources import kinds as _folder
from backend.resources.kind import Kind


@cache
def kinds() -> tuple[Kind, ...]:
    """Every kind with an entry of its own, in the order of their files' names."""
    return tuple(map(_load, _files()))


@cache
def _files() -> tuple[str, ...]:
    return tuple(sorted(module.name for module in pkgutil.iter_modules(_folder.__path__)))


@cache
def _load(name: str) -> Kind:
    kind = importlib.import_module(f"{_folder.__name__}.{name}").KIND
    if not isinstance(kind, Kind):
        raise TypeError(f"{_folder.__name__}.{name}.KIND is no Kind")
    return kind


@cache
def _by_resource() -> dict[tuple[str, str, str], Kind]:
    return {(k.resource.group, k.resource.version, k.resource.plural): k for k in kinds()}


def words(resource: ApiResource) -> list[str]:
    """All that kubectl accepts for this kind, in lower case: ``pods``, ``po``, ``deployments.apps``…"""
    short = [resource.plural, resource.singular or resource.kind.lower(), *resource.short_names]
    if not resource.group:
        return [*short, f"{resource.plural}.{resource.version}"]
    long = [f"{word}.{resource.group}" for word in short]
    return [*short, *long, f"{resource.plural}.{resource.version}.{resource.group}"]


@lru_cache(maxsize=1024)
def builtin(word: str) -> Kind | None:
    """The entry that a word means on every cluster, without asking a server; None: ask its discovery.

    Reading every kind's file costs a start 30 ms of processor time, so files whose names resemble the word
    are read first, and most often no others. None of their words has a hyphen, names of pods do.
    """
    wanted = word.lower()
    if "-" in wanted:
        return None
    for name in sorted(_files(), key=lambda name: _unlike(name, wanted)):
        kind = _load(name)
        if not kind.custom and wanted in words(kind.resource):
            return kind
    return None


def _unlike(name: str, word: str) -> tuple[bool, bool]:
    return (name[:1] != word[:1], not (word.startswith(name) or name.startswith(word)))


def for_resource(resource: ApiResource) -> Kind | None:
    """The entry for what a server serves; None: only the server knows how to print it."""
    return _by_resource().get((resource.group, resource.version, resource.plural))


@lru_cache(maxsize=1024)
def entry(full_name: str) -> Kind | None:
    """The entry of a kind by its full name, custom ones included; of several versions, the first."""
    return next((kind for kind in kinds() if kind.resource.full_name == full_name), None)


class _Projecting:
    """Decodes what a row needs to be worked out, and keeps only the row."""

    def __init__(self, decoder: Decoder, project: Callable[[Any], Item]) -> None:
        self._decoder = decoder
        self._project = project

    @property
    def accept(self) -> str:
        return self._decoder.accept

    def page(self, body: bytes) -> Page:
        page = self._decoder.page(body)
        return Page(
            items=[self._project(item) for item in page.items],
            resource_version=page.resource_version,
            continue_token=page.continue_token,
            remaining=page.remaining,
            skipped=page.skipped,
        )

    def event(self, line: bytes) -> Event:
        event = self._decoder.event(line)
        if event.item is None:
            return event
        return Event(event.type, self._project(event.item), event.resource_version)


def struct_decoder(kind: Kind) -> Decoder:
    """The decoder of a kind with an entry. Raises TypeError for a kind that only its server can print."""
    if kind.wire is None:
        raise TypeError(f"{kind.resource.full_name} has no struct")
    decoder: Decoder = StructDecoder(kind.wire)
    return decoder if kind.project is None else _Projecting(decoder, kind.project)
