"""One member at work: its client, made when first needed, and what a kind's word means there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from backend.fleet.member import Member
from backend.fleet.problems import KINDS as PROBLEM_KINDS
from backend.fleet.problems import means_problems
from backend.kube.client import Client
from backend.kube.discovery import Discovery
from backend.kube.errors import KubeError
from backend.kube.objects import ApiResource, Decoder
from backend.resources import registry
from backend.resources.kind import Kind
from backend.text import SafeStr, safe_text

Connect = Callable[[Member], Client]


class KindNotFound(KubeError):
    """The cluster serves no kind of this name."""

    default_advice = "See what it serves with kubectl api-resources; a definition (CRD) may be missing there."


class AmbiguousKind(KubeError):
    """The word means several kinds on this cluster; the advice lists them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a word means on one cluster, and how its lists are decoded."""

    resource: ApiResource
    kind: Kind | None
    """None: only the server can print it, and says with its first answer how (see ``printed``)."""
    decoder: Decoder
    stored: ApiResource | None = None
    """Of a kind that no server serves: the kind whose objects hold it (Helm's releases: secrets)."""

    @property
    def listed(self) -> ApiResource:
        """What is asked of the server."""
        return self.stored or self.resource

    def printed(self) -> Kind:
        """The kind as the server's answers described it so far."""
        if self.kind is not None:
            return self.kind
        from backend.resources.generic import GenericDecoder

        assert isinstance(self.decoder, GenericDecoder)
        return self.decoder.kind


class Cluster:
    """A member and its connection. Nothing is dialled before the first request."""

    def __init__(self, member: Member, *, connect: Connect, attended: bool = False) -> None:
        self.member = member
        self._attended = attended
        self.name: SafeStr = safe_text(member.name)
        self._connect = connect
        self._client: Client | None = None
        self._heard: dict[str, None] = {}
        self._wakers: set[Callable[[], None]] = set()

    @property
    def id(self) -> str:
        return self.member.id

    @property
    def client(self) -> Client:
        """The one client of this cluster. Raises KubeError if its access is unusable."""
        if self._client is None:
            self._client = self._connect(self.member)
        return self._client

    @property
    def known_namespaces(self) -> list[str]:
        """Namespaces to ask one by one where listing all is forbidden: the kubeconfig's, those in the
        settings, and those that a person has named meanwhile."""
        member = self.member
        named = (member.access.namespace, *member.namespaces, *self._heard)
        return list(dict.fromkeys(name for name in named if name))

    def hear_of(self, namespaces: Iterable[str]) -> None:
        """A person named these namespaces: from now on they are known here."""
        self._heard.update(dict.fromkeys(namespaces))

    @property
    def clock_skew(self) -> float:
        """Seconds this cluster's clock is ahead of ours."""
        return self._client.clock_skew if self._client is not None else 0.0

    # --- logging in

    async def ready(self) -> None:
        """Where a person may be asked for a credential: have it, before a deadline begins.

        Raises KubeError.
        """
        if self._attended:
            await self.client.ready()

    async def log_in(self) -> None:
        """Get a new credential with the person at our terminal; whoever waits for this cluster tries at once.

        Raises CredentialError.
        """
        await self.client.log_in()
        self.wake()

    def wake(self) -> None:
        """Whoever pauses before asking this cluster again asks now."""
        for waker in list(self._wakers):
            waker()

    def wakes(self, waker: Callable[[], None]) -> None:
        """``waker`` is called, from now on, whenever the cluster may answer again."""
        self._wakers.add(waker)

    @contextmanager
    def woken_by(self, waker: Callable[[], None]) -> Iterator[None]:
        """Inside, ``waker`` is called when the cluster may answer again."""
        self._wakers.add(waker)
        try:
            yield
        finally:
            self._wakers.discard(waker)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the cluster may answer again."""
        woken = asyncio.Event()
        with self.woken_by(woken.set), suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await woken.wait()

    async def resolve(self, word: str) -> Target:
        """What a kind's word means here.

        Kinds with an entry need no question to the server. Raises KindNotFound, AmbiguousKind, and what
        discovery raises.
        """
        kind = registry.builtin(word)
        if kind is not None and kind.composed:
            return _composed(kind)[0]
        if kind is not None:
            return Target(resource=kind.resource, kind=kind, decoder=registry.struct_decoder(kind))
        return target_of(choose(await self.client.discovery(), word, cluster=self.name))

    async def resolve_all(self, word: str) -> list[Target]:
        """What a kind's word means here; of a category (``all``), each of its kinds that can be listed.

        ``problems`` means kinds, too. Raises as :meth:`resolve` does.
        """
        if means_problems(word):
            return await self._problem_kinds()
        kind = registry.builtin(word)
        if kind is not None and kind.composed:
            return _composed(kind)
        try:
            return [await self.resolve(word)]
        except KindNotFound:
            members = (await self.client.discovery()).category(word)
            listable = [target_of(resource) for resource in members if "list" in resource.verbs]
            if not listable:
                raise
            return listable

    async def _problem_kinds(self) -> list[Target]:
        """Those that are served here: another would count as broken for the rest."""
        meant = [await self.resolve(kind) for kind in PROBLEM_KINDS]
        discovery = await self.client.discovery()
        served = [
            target
            for target in meant
            if discovery.lookup(
                group=target.resource.group, version=target.resource.version, kind=target.resource.kind
            )
        ]
        return served or meant

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _composed(kind: Kind) -> list[Target]:
    """One target for each kind of objects that may hold it; Helm's releases are the only such kind yet."""
    from backend.integrations.helm.store import STORES
    from backend.kube.table import TableDecoder

    return [
        Target(resource=kind.resource, kind=kind, decoder=TableDecoder(), stored=store) for store in STORES
    ]


def target_of(resource: ApiResource) -> Target:
    """How lists of a discovered resource are decoded."""
    kind = registry.for_resource(resource)
    if kind is not None:
        return Target(resource=resource, kind=kind, decoder=registry.struct_decoder(kind))
    from backend.resources.generic import GenericDecoder

    return Target(resource=resource, kind=None, decoder=GenericDecoder(resource))


def choose(discovery: Discovery, word: str, *, cluster: str) -> ApiResource:
    """The one listable resource that a word means. Raises KindNotFound or AmbiguousKind.

    Kubernetes' own groups (the core, and names ending in ``.k8s.io`` or without a dot) win over others, as
    they do for kubectl; between two others nothing is guessed.
    """
    found = [resource for resource in discovery.find(word) if "list" in resource.verbs]
    by_name = {resource.full_name: resource for resource in reversed(found)}
    if not by_name:
        raise KindNotFound(
            cluster, f"there is no kind {safe_text(word)!r} that can be listed{_nearest(discovery, word)}"
        )
    if len(by_name) > 1:
        own = {name: r for name, r in by_name.items() if "." not in r.group or r.group.endswith(".k8s.io")}
        core = {name: r for name, r in own.items() if not r.group}
        by_name = core or (own if len(own) == 1 else by_name)
    if len(by_name) > 1:
        choices = ", ".join(sorted(by_name))
        raise AmbiguousKind(
            cluster, f"{safe_text(word)!r} means several kinds", advice=f"Say which: {choices}"
        )
    return next(iter(by_name.values()))


def _nearest(discovery: Discovery, word: str) -> str:
    """What was perhaps meant, in brackets; empty: nothing is like it."""
    from difflib import get_close_matches

    names = {
        name: r.plural for r in discovery.resources for name in (r.plural, r.singular) if "list" in r.verbs
    }
    near = get_close_matches(word.lower(), names, n=1, cutoff=0.75)
    return f" (did you mean {safe_text(names[near[0]])}?)" if near else ""
