"""The fleet: its members, and one connection to each that all tables share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backend.fleet.cluster import Cluster, Connect
from backend.fleet.connect import Connector
from backend.fleet.member import Member, select
from backend.fleet.query import Query
from backend.kube.admission import Admission
from backend.kube.client import Client
from backend.kube.exec_sharing import SharedPlugins
from backend.text import safe_text

if TYPE_CHECKING:
    from backend.fleet.acts import JournalLike
    from backend.fleet.background import Background
    from backend.fleet.table import LiveTable
    from backend.fleet.warm import WarmViews


class NoSuchCluster(LookupError):
    """Names that no cluster of the fleet has; ``advice`` lists those there are."""

    exit_code = 2

    def __init__(self, patterns: Sequence[str], members: Sequence[Member]) -> None:
        names = ", ".join(repr(str(safe_text(pattern))) for pattern in patterns)
        known = ", ".join(safe_text(member.name, limit=64) for member in members[:12])
        more = f" and {len(members) - 12} more" if len(members) > 12 else ""
        self.sentence = f"no cluster is called {names}"
        self.advice = f"Known: {known}{more}" if known else "The fleet is empty: navarch cluster import"
        super().__init__(self.sentence)


class Fleet:
    """Many clusters at once. A dead one costs the others nothing: nothing here waits for all of them."""

    def __init__(
        self,
        members: Iterable[Member],
        *,
        connect: Connect | None = None,
        journal: JournalLike | None = None,
        on_close: Callable[[], None] | None = None,
        after: Fleet | None = None,
        attended: bool = False,
    ) -> None:
        """``connect`` makes a member's client; the default dials its API server directly. ``journal``: where
        acts are written down; None when the fleet lives in memory only. ``on_close``: called at the end,
        such as to close the vault that the journal is in. ``after``: the fleet that this one replaces: what
        it learnt of namespaces, and what plugins gave, stays known. ``attended``: a person sits at our
        terminal; a plugin may ask them."""
        members = list(members)
        if journal and any(member.access.impersonate for member in members):
            from backend.fleet.attributed import AttributedJournal

            journal = AttributedJournal(journal, members)
        self.journal = journal
        self._on_close = on_close
        self.admission = Admission()
        """Shared by all tables: who may dial and list now."""
        self._plugins: SharedPlugins = after._plugins if after is not None else SharedPlugins()
        connect = connect or Connector(self.admission, self._plugins, attended=attended).client
        self._clusters = {
            member.id: Cluster(member, connect=connect, attended=attended) for member in members
        }
        self._views: WarmViews | None = None
        for known in after.clusters if after is not None else ():
            if known.id in self._clusters:
                self._clusters[known.id].hear_of(known.known_namespaces)
        self._background: Background | None = None

    @property
    def members(self) -> list[Member]:
        return [cluster.member for cluster in self._clusters.values()]

    @property
    def clusters(self) -> list[Cluster]:
        return list(self._clusters.values())

    def restate(self, members: Sequence[Member]) -> bool:
        """Take over what is said of the clusters now (tags, groups, protection) while connections stay.

        False, and nothing is changed: these are other clusters, or they are reached in another way.
        """
        if {member.id: member.access for member in members} != {c.id: c.member.access for c in self.clusters}:
            return False
        for member in members:
            self._clusters[member.id].member = member
        if self._background is not None:
            self._background.tell()
        return True

    def renew(self, members: Iterable[Member]) -> None:
        """Take over what is said about these clusters now (tags, groups, guards); connections stay."""
        for member in members:
            self._clusters[member.id].member = member
        if self._background is not None:
            self._background.tell()

    def select(self, patterns: Sequence[str] = ()) -> list[Cluster]:
        """The clusters that the patterns name (see ``member.select``). Raises NoSuchCluster."""
        chosen, unmatched = select(self.members, patterns)
        if unmatched:
            raise NoSuchCluster(unmatched, self.members)
        return [self._clusters[member.id] for member in chosen]

    def cluster(self, cluster_id: str) -> Cluster:
        """Raises KeyError for an id that is not in the fleet."""
        return self._clusters[cluster_id]

    def client(self, cluster_id: str) -> Client:
        return self._clusters[cluster_id].client

    def table(
        self, query: Query, *, interval: float = 0.1, known_namespaces: Iterable[str] = ()
    ) -> LiveTable:
        """A live table of what the query means (see ``LiveTable``). Raises NoSuchCluster."""
        from backend.fleet.table import LiveTable

        return LiveTable(
            self.select(query.clusters),
            query,
            admission=self.admission,
            interval=interval,
            known_namespaces=known_namespaces,
        )

    @property
    def views(self) -> WarmViews:
        """Live views that stay warm for a while when they are left."""
        if self._views is None:
            from backend.fleet.warm import WarmViews

            self._views = WarmViews(
                lambda query, interval: self.table(query, interval=interval), memory=self.admission.memory
            )
        return self._views

    @property
    def background(self) -> Background:
        """What is known of every cluster, whatever is on the screen; made when first asked for."""
        if self._background is None:
            from backend.fleet.background import Background
            from backend.fleet.descriptors import make_room

            make_room(len(self._clusters))
            self._background = Background(self.clusters, open_table=self.table, admission=self.admission)
            for cluster in self.clusters:
                cluster.wakes(partial(self._background.look_now, cluster.id))
        return self._background

    async def aclose(self) -> None:
        """Close every connection; none waits for another."""
        if self._background is not None:
            await self._background.aclose()
        if self._views is not None:
            await self._views.aclose()
        await asyncio.gather(*(cluster.aclose() for cluster in self.clusters), return_exceptions=True)
        if self._on_close is not None:
            self._on_close()

    async def __aenter__(self) -> Fleet:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.aclose()
