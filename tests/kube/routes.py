"""A Wire that answers by path, and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from backend.kube.wire import Query


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        yield self.body

    async def aclose(self) -> None:
        return None


@dataclass
class Routes:
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def serve(self, path: str, document: object, *, status: int = 200, **headers: str) -> None:
        given = {key.replace("_", "-"): value for key, value in headers.items()}
        pairs = list({"content-type": "application/json", **given}.items())
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[path] = Answer(status, pairs, body)

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        deadline: object = 30.0,
    ) -> Answer:
        sent = headers or {}
        self.asked.append((path, sent))
        answer = self.answers.get(path) or Answer(404, [], b"404 page not found")
        tag = dict(answer.headers).get("etag")
        if tag and sent.get("if-none-match") == tag:
            return Answer(304, [("etag", tag)], b"")
        return answer

    async def aclose(self) -> None:
        return None
