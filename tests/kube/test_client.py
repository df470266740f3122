"""The client against a server that misbehaves on real sockets: failures are sentences, none is a hang."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from backend.kube.access import ClusterAccess
from backend.kube.client import Client
from backend.kube.decoder import StructDecoder
from backend.kube.errors import (
    BadResponse,
    Conflict,
    DeadlineExceeded,
    Expired,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    RedirectRefused,
    ServerFailed,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from backend.kube.listing import collect
from tests.kube import misbehaving as bad
from tests.kube.collection import THINGS, Thing
from tests.kube.misbehaving import Misbehaving, misbehaving

LIST = b'{"kind":"ThingList","apiVersion":"example.org/v1","metadata":{"resourceVersion":"9"%s},"items":[%s]}'
THING = b'{"metadata":{"name":"%s","namespace":"n","uid":"u","resourceVersion":"5"},"value":1}'


def a_page(*names: bytes, token: bytes = b"", remaining: int = 0) -> bytes:
    meta = b',"continue":"%s","remainingItemCount":%d' % (token, remaining) if token else b""
    return LIST % (meta, b",".join(THING % name for name in names))


def client_of(server: Misbehaving, **changes: object) -> Client:
    return Client(replace(server.access, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (400, Invalid),
        (401, Unauthorized),
        (403, Forbidden),
        (404, NotFound),
        (409, Conflict),
        (410, Expired),
        (422, Invalid),
        (429, TooManyRequests),
        (500, ServerFailed),
        (503, ServerFailed),
    ],
)
async def test_a_refusal_names_the_cluster_the_act_and_the_object(code: int, kind: type[KubeError]) -> None:
    async with misbehaving(bad.status(code, message="because \x1b[31mred")) as server:
        client = client_of(server)
        with pytest.raises(kind) as caught:
            await client.get(THINGS, "web", namespace="pay")
        await client.aclose()

    assert caught.value.cluster == "bad"
    assert caught.value.sentence == "get thing.example.org pay/web: because ·red"
    assert caught.value.advice


async def test_reads_wait_as_long_as_the_server_asks_and_try_again() -> None:
    wait = bad.status(429, headers="Retry-After: 0\r\n", message="slow down")
    async with misbehaving(wait, bad.status(503, retryAfterSeconds=0.01), bad.reply(b"{}")) as server:
        client = client_of(server)
        assert await client.get(THINGS, "web", namespace="n") == b"{}"
        assert len(server.asked) == 3
        await client.aclose()


async def test_reads_give_up_after_a_few_tries() -> None:
    async with misbehaving(bad.status(503, retryAfterSeconds=0.01)) as server:
        client = client_of(server)
        with pytest.raises(ServerFailed):
            await client.get(THINGS, "web", namespace="n")
        assert len(server.asked) == 4
        await client.aclose()


async def test_writes_are_never_sent_twice() -> None:
    async with misbehaving(bad.status(429, headers="Retry-After: 0\r\n")) as server:
        client = client_of(server)
        with pytest.raises(TooManyRequests, match="create thing"):
            await client.create(THINGS, {"metadata": {"name": "a"}}, namespace="n")
        assert len(server.asked) == 1
        await client.aclose()


async def test_redirects_are_refused() -> None:
    async with misbehaving(bad.redirect("http://evil.example/")) as server:
        client = client_of(server)
        with pytest.raises(RedirectRefused):
            await client.version()
        assert len(server.asked) == 1
        await client.aclose()


async def test_a_login_page_is_recognised_and_shown_inert() -> None:
    async with misbehaving(bad.login_page()) as server:
        client = client_of(server)
        with pytest.raises(BadResponse, match="web page") as caught:
            await client.get(THINGS, "web", namespace="n")
        assert "Sign in" in caught.value.detail
        assert "\x1b" not in caught.value.detail
        await client.aclose()


@pytest.mark.parametrize(
    "act", [bad.reset, bad.rubbish, bad.cut_off(b'{"a":', announced=100), bad.chunked(b'{"a":', end=False)]
)
async def test_connections_that_break_are_unreachable_or_no_kubernetes(act: bad.Act) -> None:
    async with misbehaving(act) as server:
        client = client_of(server)
        with pytest.raises((Unreachable, BadResponse)):
            await client.get(THINGS, "web", namespace="n")
        await client.aclose()


@pytest.mark.parametrize(
    "act", [bad.silent, bad.slow_loris, bad.half_open(b'{"a":')], ids=["silent", "slow", "half"]
)
async def test_no_answer_outlives_its_deadline(act: bad.Act) -> None:
    async with misbehaving(act) as server:
        client = client_of(server)
        with pytest.raises(DeadlineExceeded):
            await client.get(THINGS, "web", namespace="n", deadline=0.2)
        await client.aclose()
        await server.server.until_closed()


async def test_a_gzip_bomb_is_stopped() -> None:
    async with misbehaving(bad.zipped(b"\0" * 300_000_000)) as server:
        client = client_of(server)
        with pytest.raises(TooLarge, match="larger than 256 MiB"):
            await client.get(THINGS, "web", namespace="n")
        await client.aclose()


async def test_compressed_errors_are_read_and_broken_compression_is_named() -> None:
    async with misbehaving(bad.zipped(b'{"x":1}' * 100), bad.zipped(b"x" * 1000, cut=9)) as server:
        client = client_of(server)
        assert await client.get(THINGS, "web", namespace="n") == b'{"x":1}' * 100
        with pytest.raises(BadResponse, match="compression"):
            await client.get(THINGS, "web", namespace="n")
        await client.aclose()


async def test_a_body_in_single_bytes_is_a_body() -> None:
    async with misbehaving(bad.byte_by_byte(a_page(b"a", b"b"))) as server:
        client = client_of(server)
        listing = await collect(client, THINGS, StructDecoder(Thing))
        assert [item.metadata.name for item in listing.items] == ["a", "b"]
        await client.aclose()


async def test_broken_json_is_no_list() -> None:
    async with misbehaving(bad.reply(a_page(b"a")[:-5])) as server:
        client = client_of(server)
        with pytest.raises(BadResponse, match=r"list things\.example\.org"):
            await collect(client, THINGS, StructDecoder(Thing))
        await client.aclose()


# -- pages -----------------------------------------------------------------------------------------


async def test_the_next_page_is_asked_for_while_this_one_still_arrives() -> None:
    """The first page's body ends only when the second request is here: without the prefetch, a deadline."""
    second_asked = asyncio.Event()
    first = a_page(b"a", token=b"t1", remaining=1)

    async def slow_first(peer: bad.Peer) -> None:
        await peer.raw(f"HTTP/1.1 200 OK\r\n{bad.JSON}Content-Length: {len(first)}\r\n\r\n".encode())
        await peer.raw(first[:150])
        await second_asked.wait()
        await peer.raw(first[150:])

    async def second(peer: bad.Peer) -> None:
        second_asked.set()
        await peer.answer(a_page(b"b"), headers=bad.JSON)

    async with misbehaving(slow_first, second) as server:
        client = client_of(server)
        listing = await collect(client, THINGS, StructDecoder(Thing))
        assert [item.metadata.name for item in listing.items] == ["a", "b"]
        assert server.asked[1] == "GET /apis/example.org/v1/things?limit=1000&continue=t1 HTTP/1.1"
        await client.aclose()


async def test_a_token_behind_the_items_is_found_too() -> None:
    """Custom resources' lists are written with sorted keys: metadata comes last."""
    first = b'{"apiVersion":"v1","items":[%s],"metadata":{"continue":"t1","resourceVersion":"9"}}'
    async with misbehaving(bad.reply(first % (THING % b"a")), bad.reply(a_page(b"b"))) as server:
        client = client_of(server)
        listing = await collect(client, THINGS, StructDecoder(Thing))
        assert len(listing.items) == 2
        await client.aclose()


async def test_a_label_that_looks_like_a_token_is_none() -> None:
    tricky = LIST % (
        b"",
        b'{"metadata":{"name":"a","labels":{"x":"\\"continue\\":\\"evil\\""}},"continue":"evil"}',
    )
    async with misbehaving(bad.reply(tricky)) as server:
        client = client_of(server)
        assert len((await collect(client, THINGS, StructDecoder(Thing))).items) == 1
        assert len(server.asked) == 1
        await client.aclose()


async def test_a_reader_that_stops_leaves_no_request_behind() -> None:
    asked, given_up = asyncio.Event(), asyncio.Event()

    async def second(peer: bad.Peer) -> None:
        asked.set()
        await peer.gone()
        given_up.set()

    async with misbehaving(bad.reply(a_page(b"a", token=b"t", remaining=10)), second) as server:
        client = client_of(server)
        pages = client.pages(THINGS)
        async for _ in pages:
            break
        async with asyncio.timeout(10):
            await asked.wait()
            await pages.aclose()
            await given_up.wait()
        await client.aclose()


async def test_selectors_and_namespace_stay_with_every_page() -> None:
    async with misbehaving(
        bad.reply(a_page(b"a", token=b"t/+=", remaining=1)), bad.reply(a_page(b"b"))
    ) as server:
        client = client_of(server)
        async for _ in client.pages(THINGS, namespace="n", labels="app in (a,b)", fields="metadata.name=x"):
            pass
        for line in server.asked:
            assert line.startswith(
                "GET /apis/example.org/v1/namespaces/n/things?labelSelector=app%20in%20%28a%2Cb%29"
            )
        assert "continue=t%2F%2B%3D" in server.asked[1]
        await client.aclose()


# -- watches ---------------------------------------------------------------------------------------


async def watch(client: Client, got: list[bytes], *, silence: float = 60.0) -> None:
    async with client.watch(THINGS, resource_version="9", timeout_seconds=300, silence=silence) as batches:
        async for batch in batches:
            got += batch


async def test_a_watch_gives_lines_whatever_the_chunks_and_notices_a_half_open_connection() -> None:
    event = b'{"type":"ADDED","object":%s}\n' % (THING % b"a")
    stream = event * 3
    async with misbehaving(bad.half_open(stream[:10], stream[10:100], stream[100:], b'{"type":')) as server:
        client = client_of(server)
        got: list[bytes] = []
        with pytest.raises(DeadlineExceeded, match="half open"):
            await watch(client, got, silence=0.2)
        assert got == [event.strip()] * 3
        assert "watch=true&allowWatchBookmarks=true&resourceVersion=9&timeoutSeconds=300" in server.asked[0]
        await client.aclose()
        await server.server.until_closed()


async def test_a_watch_cut_in_the_middle_of_an_object_drops_the_half() -> None:
    async with misbehaving(bad.chunked(b'{"type":"ADDED","object":{}}\n{"type":"ADD', end=False)) as server:
        client = client_of(server)
        got: list[bytes] = []
        with pytest.raises(Unreachable):
            await watch(client, got)
        assert got == [b'{"type":"ADDED","object":{}}']
        await client.aclose()


# -- what is sent ----------------------------------------------------------------------------------


async def test_a_delete_carries_its_preconditions() -> None:
    async with misbehaving(bad.reply(b"{}")) as server:
        client = client_of(server)
        await client.delete(
            THINGS, "a b", namespace="n", uid="u1", resource_version="7", propagation="Foreground"
        )
        await client.delete(THINGS, "x", namespace="n", dry_run=True)
        assert server.asked[0] == "DELETE /apis/example.org/v1/namespaces/n/things/a%20b HTTP/1.1"
        assert json.loads(server.body(0)) == {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": "Foreground",
            "preconditions": {"uid": "u1", "resourceVersion": "7"},
        }
        assert json.loads(server.body(1))["dryRun"] == ["All"]
        assert "preconditions" not in json.loads(server.body(1))
        await client.aclose()


async def test_an_apply_is_strict_and_says_who_applies() -> None:
    async with misbehaving(bad.reply(b"{}")) as server:
        client = client_of(server)
        await client.apply(THINGS, {"kind": "Thing"}, name="a", namespace="n", dry_run=True, force=True)
        await client.patch(
            THINGS, {"value": 2}, name="a", namespace="n", type="strategic", subresource="scale"
        )
        query = "fieldManager=navarch&fieldValidation=Strict&dryRun=All&force=true"
        assert server.asked[0] == f"PATCH /apis/example.org/v1/namespaces/n/things/a?{query} HTTP/1.1"
        assert server.header(0, "content-type") == "application/apply-patch+yaml"
        assert "/things/a/scale?" in server.asked[1]
        assert server.header(1, "content-type") == "application/strategic-merge-patch+json"
        await client.aclose()


async def test_an_apply_conflict_names_the_other_managers() -> None:
    cause = {"reason": "FieldManagerConflict", "field": ".spec.replicas", "message": 'conflict with "hpa"'}
    async with misbehaving(bad.status(409, "Conflict", causes=[cause])) as server:
        client = client_of(server)
        with pytest.raises(Conflict) as caught:
            await client.apply(THINGS, {}, name="a", namespace="n")
        assert caught.value.causes == (("FieldManagerConflict", ".spec.replicas", 'conflict with "hpa"'),)
        await client.aclose()


async def test_compression_is_asked_for_unless_the_kubeconfig_disables_it() -> None:
    async with misbehaving(bad.reply(b"{}")) as server:
        for index, (disabled, encoding) in enumerate([(False, "gzip"), (True, "identity")]):
            client = client_of(server, disable_compression=disabled)
            await client.get(THINGS, "a", namespace="n")
            assert server.header(index, "accept-encoding") == encoding
            assert server.header(index, "user-agent").startswith("navarch/")
            await client.aclose()


async def test_warnings_and_the_servers_clock_are_kept() -> None:
    headers = bad.JSON + 'Warning: 299 - "old version"\r\nDate: Wed, 01 Jan 2020 00:00:00 GMT\r\n'
    async with misbehaving(bad.reply(b"{}", headers=headers)) as server:
        client = client_of(server)
        reply = await client.request("GET", "/x")
        assert reply.warnings == ("old version",)
        assert list(client.warnings) == ["old version"]
        assert client.clock_skew < -86_400 * 365
        await client.aclose()


async def test_logs_stream_and_ask_for_what_is_wanted() -> None:
    async with misbehaving(bad.chunked(b"one\n", b"two\n")) as server:
        client = client_of(server)
        got = b"".join([chunk async for chunk in client.logs("web", "pay", container="c", tail=5)])
        assert got == b"one\ntwo\n"
        assert server.asked[0].startswith(
            "GET /api/v1/namespaces/pay/pods/web/log?container=c&timestamps=true&tailLines=5"
        )
        await client.aclose()


async def test_nobody_at_home() -> None:
    client = Client(ClusterAccess(id="x", name="gone", server="http://127.0.0.1:9"))
    with pytest.raises(Unreachable) as caught:
        await client.version()
    assert caught.value.cluster == "gone"
    assert caught.value.advice
    await client.aclose()
