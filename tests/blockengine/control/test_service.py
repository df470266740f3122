"""The control API's door: sockets, tokens, bad requests; and its document against its routes."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import socket
import ssl
import stat
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args, get_origin

import aiohttp
import msgspec
import pytest

from blockengine.control.engine import Impossible
from blockengine.control.model import AddPool, Event, Finding, Pool, Volume
from blockengine.control.openapi import document
from blockengine.control.operations import OPERATIONS
from blockengine.control.service import MAX_BODY, Service, application
from tests.blockengine.control.samples import pool, volume
from tests.blockengine.volume.test_tls import Authority

TOKEN = "0123456789abcdef-token"


class FakeEngine:
    """Answers from memory; what it was told is in `told`."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def pools(self) -> list[Pool]:
        return [pool("a")]

    def pool(self, name: str) -> Pool:
        self.told.append(name)
        if name != "a":
            raise Impossible(f"there is no pool {name}", "look again", status=404)
        return pool("a")

    def volumes(self) -> list[Volume]:
        return [volume()]

    def findings(self) -> list[Finding]:
        raise RuntimeError("a bug")

    async def add_pool(self, wanted: AddPool) -> Pool:
        self.told.append(wanted)
        return pool("a")

    async def events(self, after: int, *, wait: float, about: str) -> list[Event]:
        self.told.append((after, wait, about))
        return []


class Door:
    def __init__(self, folder: Path) -> None:
        self.folder, self.engine = folder, FakeEngine()
        self.service = Service(self.engine)  # type: ignore[arg-type]
        self.socket = folder / "control"

    async def call(self, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
        connector = aiohttp.UnixConnector(str(self.socket))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, f"http://engine{path}", data=body or None) as answer,
        ):
            raw = await answer.read()
            return answer.status, json.loads(raw) if "json" in answer.content_type else raw.decode()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    made = Door(folder)
    await made.service.listen_unix(made.socket)
    yield made
    await made.service.stop()
    shutil.rmtree(folder)


async def test_the_socket_is_its_user_s_alone(door: Door) -> None:
    assert stat.S_IMODE(door.socket.stat().st_mode) == 0o600
    status, answer = await door.call("GET", "/v1/pools")
    assert (status, answer[0]["name"]) == (200, "a")
    assert await door.call("GET", "/healthz") == (200, "ok\n")


async def test_every_no_is_in_words_with_the_next_step(door: Door) -> None:
    assert await door.call("GET", "/v1/pools/x") == (
        404,
        {"error": "there is no pool x", "next": "look again"},
    )
    status, answer = await door.call("GET", "/v1/findings")
    assert (status, "a bug" in answer["error"]) == (500, True)
    for method, path in (("GET", "/v1/nowhere"), ("DELETE", "/v1/volumes"), ("POST", "/../../etc/passwd")):
        status, answer = await door.call(method, path)
        assert status in (404, 405)
        assert answer["error"]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"path": 7}', b'{"path": "/x", "unknown": 1}', b"\xff\xfe", b'"text"', b"1e999"]
)
async def test_a_body_that_is_none_is_refused_and_nothing_is_told(door: Door, body: bytes) -> None:
    status, answer = await door.call("POST", "/v1/pools", body)
    assert (status, "not understood" in answer["error"]) == (400, True)
    assert door.engine.told == []


async def test_a_body_that_is_too_large_is_not_read(door: Door) -> None:
    status, answer = await door.call("POST", "/v1/pools", b'{"path": "' + b"x" * MAX_BODY + b'"}')
    assert status == 413
    assert answer["error"]
    assert door.engine.told == []


async def test_names_in_a_path_are_decoded_and_numbers_are_checked(door: Door) -> None:
    await door.call("GET", "/v1/pools/a%2F..%20%1b")
    assert door.engine.told == ["a/.. \x1b"]
    for query in ("after=x", "after=-1", "wait=nan", "wait=inf", "after=1e99"):
        status, answer = await door.call("GET", f"/v1/events?{query}")
        assert (status, "must be a number" in answer["error"]) == (400, True)
    await door.call("GET", "/v1/events?after=7&wait=9999&about=demo")
    assert door.engine.told[-1] == (7, 60.0, "demo")


async def test_over_tls_every_request_needs_the_token(door: Door, tmp_path: Path) -> None:
    files = Authority(tmp_path, "authority").keys("voter.navarch")
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    with pytest.raises(ValueError, match="16 characters"):
        await door.service.listen_tcp(socket.create_server(("127.0.0.1", 0)), tls=server, token="short")
    bound = socket.create_server(("127.0.0.1", 0))
    await door.service.listen_tcp(bound, tls=server, token=TOKEN)
    port = bound.getsockname()[1]
    client = ssl.create_default_context(cafile=str(files.authority))
    client.check_hostname = False

    async def status(path: str, token: str) -> int:
        headers = {"Authorization": token} if token else {}
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=client)) as session,
            session.get(f"https://127.0.0.1:{port}{path}", headers=headers) as answer,
        ):
            return answer.status

    assert await status("/v1/pools", f"Bearer {TOKEN}") == 200
    for path in ("/v1/pools", "/metrics", "/openapi.json", "/healthz"):
        for token in ("", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
            assert await status(path, token) == 401
    # Plain text on a TLS port gets nothing.
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /v1/pools HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200" not in await reader.read()
    writer.close()


# The document.


def test_the_document_has_every_route_and_no_other() -> None:
    app = application(FakeEngine())  # type: ignore[arg-type]
    routes = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD"
    }
    apart = {("GET", "/openapi.json"), ("GET", "/metrics"), ("GET", "/healthz")}
    described = {
        (method.upper(), path) for path, methods in document()["paths"].items() for method in methods
    }
    assert described == routes - apart
    assert apart <= routes


def test_the_document_is_whole() -> None:
    told = document()
    assert told["openapi"] == "3.1.0"
    raw = json.dumps(told)
    for name in re.findall(r'"#/components/schemas/([^"]+)"', raw):
        assert name in told["components"]["schemas"]
    ids = [operation.id for operation in OPERATIONS]
    assert len(ids) == len(set(ids))
    for operation in OPERATIONS:
        described = told["paths"][operation.path][operation.method.lower()]
        assert described["summary"]
        in_path = {one["name"] for one in described.get("parameters", ()) if one["in"] == "path"}
        assert in_path == set(re.findall(r"\{(\w+)\}", operation.path))
        assert ("requestBody" in described) == (operation.takes is not None)
        assert ("content" in described["responses"]["200"]) == (operation.answers is not None)


def test_what_the_document_says_of_answers_is_what_is_sent() -> None:
    """Field by field: the schema of a volume has what an encoded volume has."""
    schemas = document()["components"]["schemas"]
    for value in (pool("a"), volume()):
        sent = msgspec.json.decode(msgspec.json.encode(value))
        assert set(sent) == set(schemas[type(value).__name__]["properties"])


def test_the_console_s_model_has_the_engine_s_fields() -> None:
    """The two never import each other; so their fields are compared here."""
    from backend.storage import model as theirs
    from blockengine.control import model as ours
    from blockengine.protocol import admin

    for name in (
        "Pool",
        "Process",
        "Replica",
        "Attachment",
        "Rates",
        "Volume",
        "Finding",
        "Event",
        "Job",
        "EngineInfo",
    ):
        assert _fields(getattr(theirs, name)) == _fields(getattr(ours, name)), name
    assert _fields(theirs.Wrong) == _fields(admin.Finding)
    assert _fields(theirs.Snapshot) == _fields(admin.SnapshotStatus)
    for name in ("Flow", "Traffic", "Progress"):
        assert _fields(getattr(theirs, name)) == _fields(getattr(admin, name)), name


def _fields(kind: type) -> dict[str, bool]:
    return {field.name: field.required for field in msgspec.structs.fields(kind)}


def test_every_answer_has_a_type_that_can_be_described() -> None:
    for operation in OPERATIONS:
        kind = operation.answers
        inner = get_args(kind)[0] if get_origin(kind) is list else kind
        assert inner is None or issubclass(inner, msgspec.Struct)


def test_every_operation_is_on_its_page() -> None:
    page = (Path(__file__).parents[3] / "docs" / "engine-api.md").read_text()
    for operation in OPERATIONS:
        assert f"{operation.path}`" in page, operation.path
