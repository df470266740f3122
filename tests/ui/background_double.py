"""What one simulated cluster answers to a look: Tables of its objects, its version, what its nodes use."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from backend.fleet.survey import METRICS
from backend.kube.errors import Forbidden, NotFound, Unauthorized, Unreachable
from backend.kube.status import State, Status
from backend.kube.wire import Reply
from backend.resources import registry

Objects = dict[str, list[dict[str, Any]]]


class Answers:
    """``status`` says how the cluster behaves: one that is not live refuses, fails or never answers."""

    def __init__(self, cluster: str, objects: Objects, status: Callable[[], Status], *, now: float) -> None:
        self._cluster = cluster
        self._objects = objects
        self._status = status
        self._now = now
        self.asked: list[str] = []

    async def request(self, method: str, path: str, **options: Any) -> Reply:
        self.asked.append(path)
        status = self._status()
        match status.state:
            case State.UNREACHABLE:
                raise Unreachable(self._cluster, status.detail)
            case State.AUTH:
                raise Unauthorized(self._cluster, status.detail, code=401, detail=status.more)
            case State.FORBIDDEN if path.endswith("/pods"):
                raise Forbidden(self._cluster, status.detail, code=403)
            case State.SYNCING | State.STALE:
                await asyncio.Event().wait()
        body = json.dumps(self._body(path, str(options.get("accept", "")))).encode()
        return Reply(status=200, headers={}, body=body)

    def _body(self, path: str, accept: str) -> Any:
        if path == "/version":
            return {"gitVersion": "v1.35.4"}
        word = path.rpartition("/")[2]
        if "metrics.k8s.io" in path:
            usage = self._objects.get("nodemetrics" if path == METRICS else "podmetrics")
            if usage is None:
                raise NotFound(self._cluster, "the server could not find the requested resource", code=404)
            return {"kind": "NodeMetricsList" if path == METRICS else "PodMetricsList", "items": usage}
        if path.endswith("/stats/summary"):
            raise Forbidden(self._cluster, "get nodes/proxy is forbidden", code=403)
        objects = self._objects.get(word, [])
        return self._table(word, objects) if "as=Table" in accept else {"metadata": {}, "items": objects}

    def _table(self, word: str, objects: list[dict[str, Any]]) -> Any:
        """As kubectl prints it, by our own columns, which other tests compare with the server's."""
        kind = registry.builtin(word)
        assert kind is not None
        items = registry.struct_decoder(kind).page(json.dumps({"items": objects}).encode()).items
        return {
            "kind": "Table",
            "columnDefinitions": [{"name": column.name.title()} for column in kind.columns],
            "rows": [
                {"cells": [column.text(item, self._now) for column in kind.columns], "object": None}
                for item in items
            ],
        }
