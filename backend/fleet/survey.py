"""A look at one cluster that costs it and us little: what the fleet says of clusters nobody is looking into.

Five small questions, one after the other on one connection: version, nodes, pods, what the nodes may hold and
what they use. Each answer keeps the time it was given, so that every number knows its age; one that can't be
had says why, and the others are there all the same.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar, cast

import msgspec

from backend.fleet.counts import (
    TABLE,
    NodeCounts,
    PodCounts,
    Resources,
    capacity,
    count_nodes,
    count_pods,
    usage,
)
from backend.fleet.member import Member
from backend.fleet.states import state_of
from backend.kube.admission import Admission
from backend.kube.client import ServerVersion
from backend.kube.decoder import UNREADABLE
from backend.kube.errors import (
    ApiError,
    BadResponse,
    Forbidden,
    KubeError,
    Malformed,
    NotFound,
    ServerFailed,
    TooManyRequests,
)
from backend.kube.objects import ApiResource
from backend.kube.status import State, Status
from backend.kube.wire import Query, Reply
from backend.resources import registry
from backend.resources.kinds.node import Node
from backend.text import SafeStr, safe_text

VERSION_AGAIN = 300.0
"""Seconds after which a server is asked for its version again: it may have been upgraded."""
ROOM_AGAIN = 3600.0
"""Seconds after which unchanged nodes are read whole again, for what they may hold."""
ROOM_SOON = 300.0
"""The same when there are other nodes than before: an autoscaler changes them all day."""
DEADLINE = 30.0
METRICS = "/apis/metrics.k8s.io/v1beta1/nodes"
_WITHOUT_OBJECTS: Query = (("includeObject", "None"), ("resourceVersion", "0"))
"""From the server's cache: it costs etcd nothing, and the age is told anyway."""
_NOTHING = SafeStr("")

Value = TypeVar("Value")
Told_co = TypeVar("Told_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Reading(Generic[Told_co]):
    """An answer, when it was given (seconds since the epoch), and why there is none, or no newer one."""

    value: Told_co | None = None
    at: float = 0.0
    why: SafeStr = _NOTHING

    def without(self, why: object) -> Reading[Told_co]:
        """The same old answer, and why it is not renewed."""
        return replace(self, why=safe_text(why, limit=300))


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is known of one cluster from looking now and then."""

    status: Status
    version: Reading[SafeStr] = Reading()
    nodes: Reading[NodeCounts] = Reading()
    pods: Reading[PodCounts] = Reading()
    room: Reading[Resources] = Reading()
    used: Reading[Resources] = Reading()
    server_certificate_ends: float | None = None
    """Seconds since the epoch; None: not seen, or no TLS."""
    limited: SafeStr = _NOTHING
    """Why pods are counted in some namespaces only."""


class Client(Protocol):
    """The part of the client a look needs."""

    @property
    def server_certificate(self) -> bytes | None: ...

    async def reach(self) -> None: ...

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Query = (),
        accept: str = ...,
        deadline: float = ...,
        background: bool = False,
        what: str = "",
    ) -> Reply: ...


Publish = Callable[[Survey], None]


class Surveyor:
    """Looks at one cluster, again and again; remembers what it saw."""

    def __init__(
        self,
        client: Callable[[], Client],
        member: Member,
        *,
        admission: Admission,
        wall: Callable[[], float],
        usage_heard: Callable[[bytes], None] = lambda body: None,
    ) -> None:
        """``client``: gives the cluster's client; it may raise KubeError when its access is unusable.
        ``admission``: the fleet's gate, through which the one question for whole objects goes (R2).
        ``usage_heard``: called with each answer about what the nodes use: others need it too."""
        self._client = client
        self._member = member
        self._admission = admission
        self._wall = wall
        self._usage_heard = usage_heard
        self._certificate: bytes | None = None
        self._room_of: int | None = None
        """The nodes whose room is known."""
        self.survey = Survey(status=Status(state=State.SYNCING, since=wall()))

    async def look(self, publish: Publish, *, counts: bool = True) -> KubeError | None:
        """Ask what is due and tell each answer as it comes; the error that ended it, if one did.

        ``counts``: also count pods and nodes; False while watches do.
        """
        try:
            client = self._client()
            await self._ask_version(client)
            if counts:
                await self._count(client, publish)
            self._tell(publish, self._reached())
            await self._ask_usage(client)
        except KubeError as error:
            self._tell(publish, self._failed(error))
            return error
        self._read_certificate(client.server_certificate)
        self._tell(publish, self.survey.status)
        return None

    def _tell(self, publish: Publish, status: Status) -> None:
        self.survey = replace(self.survey, status=status)
        publish(self.survey)

    # --- the state

    def _reached(self) -> Status:
        """It answered; whether it says anything about pods is another matter."""
        now, pods = self._wall(), self.survey.pods
        state = State.FORBIDDEN if pods.why and pods.value is None else State.LIVE
        return Status(
            state=state,
            since=self._since(state),
            detail=pods.why if state is State.FORBIDDEN else self.survey.limited,
            last_success=now,
        )

    def _failed(self, error: KubeError) -> Status:
        status = state_of(error)
        last = self.survey.status.last_success
        if isinstance(error, ApiError) and status.state is State.UNREACHABLE and last is not None:
            status = replace(status, state=State.STALE)  # it answers, but not this now
        return replace(
            status,
            since=self._since(status.state),
            detail=error.sentence,
            advice=error.advice,
            more=error.detail,
            last_success=last,
        )

    def _since(self, state: State) -> float:
        before = self.survey.status
        return before.since if before.state is state else self._wall()

    # --- the questions

    async def _ask_version(self, client: Client) -> None:
        now = self._wall()
        if self.survey.version.value is not None and now - self.survey.version.at < VERSION_AGAIN:
            return
        try:
            reply = await client.request(
                "GET", "/version", deadline=DEADLINE, background=True, what="read the server's version"
            )
            found = msgspec.json.decode(reply.body, type=ServerVersion).git_version
            version = Reading(safe_text(found, limit=40), now)
        except (Forbidden, NotFound) as error:
            version = self.survey.version.without(error.sentence)
        except UNREADABLE as error:
            version = self.survey.version.without(f"the server's version can't be read: {error}")
        self.survey = replace(self.survey, version=version)

    async def _count(self, client: Client, publish: Publish) -> None:
        try:
            body = await self._table(client, "nodes")
            nodes = Reading(await _counted(count_nodes, body, self._member), self._wall())
        except Forbidden as error:
            nodes = self.survey.nodes.without(error.sentence)
        self.survey = replace(self.survey, nodes=nodes)
        pods, limited = await self._pods(client)
        self.survey = replace(self.survey, pods=pods, limited=limited)
        self._tell(publish, self._reached())

    async def _pods(self, client: Client) -> tuple[Reading[PodCounts], SafeStr]:
        """Of all namespaces, or of those that are known where that is forbidden."""
        try:
            body = await self._table(client, "pods")
            return Reading(await _counted(count_pods, body, self._member), self._wall()), _NOTHING
        except Forbidden as error:
            refused = error
        total, seen = PodCounts(), []
        for namespace in self._namespaces():
            try:
                body = await self._table(client, "pods", namespace)
            except Forbidden:
                continue
            total += await _counted(count_pods, body, self._member)
            seen.append(namespace)
        if not seen:
            return Reading(why=safe_text(f"{refused.sentence}. {refused.advice}", limit=300)), _NOTHING
        limited = safe_text(f"only {', '.join(seen)}: listing all namespaces is forbidden", limit=200)
        return Reading(total, self._wall()), limited

    def _namespaces(self) -> Sequence[str]:
        named = (self._member.access.namespace, *self._member.namespaces)
        return list(dict.fromkeys(name for name in named if name))

    async def _ask_usage(self, client: Client) -> None:
        """CPU and memory: what may be used (when the nodes are other ones), and what is."""
        try:
            await self._ask_room(client)
            reply = await client.request(
                "GET", METRICS, deadline=DEADLINE, background=True, what="read metrics"
            )
            used = Reading(usage(reply.body), self._wall())
            self._usage_heard(reply.body)
        except NotFound:
            used = Reading(why=safe_text("it serves no metrics.k8s.io: no metrics server is installed"))
        except Forbidden as error:
            used = Reading(why=error.sentence)
        except (ServerFailed, TooManyRequests) as error:
            used = self.survey.used.without(f"its metrics server does not answer: {error.sentence}")
        except Malformed as error:
            used = self.survey.used.without(error)
        self.survey = replace(self.survey, used=used)

    async def _ask_room(self, client: Client) -> None:
        room, nodes = self.survey.room, self.survey.nodes
        patience = ROOM_AGAIN if self._room_of == _names(nodes) else ROOM_SOON
        if room.value is not None and self._wall() - room.at < patience:
            return
        kind = registry.builtin("nodes")
        assert kind is not None
        count = nodes.value.total if nodes.value is not None else 0
        async with self._admission.listing(self._member.id, priority=(1, count), ready=client.reach):
            reply = await client.request(
                "GET",
                kind.resource.path(),
                query=(("resourceVersion", "0"),),
                deadline=DEADLINE,
                background=True,
                what="read what the nodes may hold",
            )
        nodes_now = cast("Sequence[Node]", registry.struct_decoder(kind).page(reply.body).items)
        self.survey = replace(self.survey, room=Reading(capacity(nodes_now), self._wall()))
        self._room_of = _names(nodes)

    async def _table(self, client: Client, word: str, namespace: str | None = None) -> bytes:
        kind = registry.builtin(word)
        assert kind is not None
        reply = await client.request(
            "GET",
            kind.resource.path(namespace=namespace),
            query=_WITHOUT_OBJECTS,
            accept=TABLE,
            deadline=DEADLINE,
            background=True,
            what=_counting(kind.resource, namespace),
        )
        return reply.body

    def _read_certificate(self, der: bytes | None) -> None:
        if der is None or der == self._certificate:
            return
        from backend.kube.certificates import ends

        self._certificate = der
        self.survey = replace(self.survey, server_certificate_ends=ends(der))


def _names(nodes: Reading[NodeCounts]) -> int | None:
    return nodes.value.names if nodes.value is not None else None


def _counting(resource: ApiResource, namespace: str | None) -> str:
    where = f" in {namespace}" if namespace else ""
    return f"count {resource.plural}{where}"


async def _counted(count: Callable[[bytes], Awaitable[Value]], body: bytes, member: Member) -> Value:
    try:
        return await count(body)
    except Malformed as error:
        raise BadResponse(member.name, error) from None
