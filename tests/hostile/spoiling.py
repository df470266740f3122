"""Makes every string that a server controls hostile, and leaves the protocol alone."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

from tests.hostile.corpus import CORPUS, HUGE, MARK, spoiled

KEPT_TEXT = """apiVersion kind uid resourceVersion continue type status phase code reason verbs apiGroups
resources resource version group scope protocol operator format storedVersions columnDefinitions
ownerReferences includeObject"""
KEPT = frozenset(KEPT_TEXT.split())
"""Fields that the protocol, or what is worked out from it, needs to be what they are."""
_SHAPED = re.compile(r"\d{4}-\d\d-\d\dT|\d+(\.\d+)?([mnuKMGTPE]i?)?$|(\d{1,3}\.){3}\d|v\d+\.\d+|https?://")
"""Times, quantities, addresses, versions: where a client parses them, hostile ones are simply dropped."""


class Spoiler:
    """Appends the corpus' entries in turn; the same documents get the same entries."""

    def __init__(self, *, keep: frozenset[str] = KEPT, words: bool = False) -> None:
        """``words``: reasons, phases and other words that states are worked out from, too."""
        self._turn: Iterator[str] = cycle(CORPUS)
        self._keep = keep - {"reason", "phase"} if words else keep
        self._by_text: dict[str, str] = {}
        self._huge = True

    def __call__(self, value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return self._mapping(value, key)
        if isinstance(value, list):
            return [self(item, key) for item in value]
        if not isinstance(value, str) or key in self._keep or _SHAPED.match(value) or MARK in value:
            return value
        if value not in self._by_text:  # a namespace, or a node, is called the same wherever it is told of
            self._by_text[value] = spoiled(value, next(self._turn))
        return self._by_text[value]

    def _mapping(self, value: dict[str, Any], key: str) -> dict[str, Any]:
        if key == "data":  # of a Secret or a ConfigMap
            return {k if k == "release" else f"{k}{MARK}": self._datum(k, v) for k, v in value.items()}
        made = {k: self(v, k) for k, v in value.items()}
        if key in ("labels", "annotations"):
            made = {self(k): v for k, v in made.items()}
            made |= {f"n{at}/{name}": text for at, (name, text) in enumerate(CORPUS.items())}
            if self._huge and key == "annotations":
                made["huge"] = HUGE
                self._huge = False
        elif key in ("", "object") and isinstance(made.get("metadata"), dict) and "uid" in made["metadata"]:
            made["metadata"].setdefault("annotations", self({}, "annotations"))
        return made

    def _datum(self, key: str, value: Any) -> Any:
        if key != "release":
            return self._encoded(value)
        release = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(value))))  # Helm's own packing
        return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(self(release)).encode()))).decode()

    def _encoded(self, value: Any) -> Any:
        try:
            plain = base64.b64decode(value, validate=True).decode()
        except (ValueError, TypeError, AttributeError):
            return self(value)
        return base64.b64encode(spoiled(plain, next(self._turn)).encode("utf-8", "surrogatepass")).decode()


def every_string(value: Any, see: Callable[[str], None]) -> None:
    """Visit all texts of a document, keys included."""
    if isinstance(value, dict):
        for key, inner in value.items():
            see(key)
            every_string(inner, see)
    elif isinstance(value, list):
        for inner in value:
            every_string(inner, see)
    elif isinstance(value, str):
        see(value)
