"""The fleet at a glance: one summary per cluster, kept true; for the fleet screen and its headless twin.

The numbers come from the fleet's background (looks now and then, watches for what is on the screen), which
goes on while other screens are shown: coming home costs nothing and asks no cluster anything.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from backend.fleet.background import Background
from backend.fleet.cluster import Cluster
from backend.fleet.expiry import UNKNOWN, Expiry, credentials_of
from backend.fleet.member import Member
from backend.fleet.skew import behind
from backend.fleet.summary import ClusterSummary
from backend.fleet.survey import Reading, Survey, Surveyor
from backend.fleet.watched import Watched
from backend.kube.admission import Admission
from backend.kube.status import State, Status
from backend.text import SafeStr, safe_text


class Overlooked(Protocol):
    """The part of a fleet that is needed."""

    @property
    def members(self) -> list[Member]: ...

    @property
    def background(self) -> Background: ...


class FleetOverview:
    """Use as an async context manager; :meth:`updates` yields all summaries whenever any changed."""

    def __init__(self, fleet: Overlooked, *, interval: float = 0.2) -> None:
        """``interval``: least seconds between updates."""
        self._fleet = fleet
        self._background = fleet.background
        self._interval = interval
        self._expiries: dict[str, Expiry] = {}
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> FleetOverview:
        self._background.begin()
        self._reading = asyncio.create_task(self._read_credentials())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self._background.see(())
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    def see(self, clusters: Collection[str]) -> None:
        """These rows are on the screen now, by id: they are kept fresher than the others."""
        self._background.see(clusters)

    async def updates(self) -> AsyncIterator[list[ClusterSummary]]:
        """All summaries in the fleet's order; the first at once, then whenever one changed."""
        before: list[ClusterSummary] | None = None
        with self._background.listening() as something:
            something.set()
            while True:
                await something.wait()
                something.clear()
                summaries = self.summaries()
                if summaries != before:
                    yield summaries
                    before = summaries
                await asyncio.sleep(self._interval)

    def summaries(self) -> list[ClusterSummary]:
        """As of now."""
        surveys, watched = self._background.surveys, self._background.watched
        apart = distances(surveys.values())
        return [
            summary_of(
                member,
                surveys[member.id],
                watched=watched.get(member.id),
                expiry=self._expiries.get(member.id, UNKNOWN),
                apart=apart,
            )
            for member in self._fleet.members
        ]

    async def _read_credentials(self) -> None:
        self._expiries = await asyncio.to_thread(credentials_of, self._fleet.members)
        self._background.tell()


def distances(surveys: Iterable[Survey]) -> dict[str, int | None]:
    """How many minor versions each server's version is behind the newest of these."""
    versions = {survey.version.value for survey in surveys if survey.version.value}
    return {version: behind(version, versions) for version in versions}


def summary_of(
    member: Member,
    survey: Survey,
    *,
    watched: Watched | None = None,
    expiry: Expiry = UNKNOWN,
    apart: Mapping[str, int | None],
) -> ClusterSummary:
    """What is known of one cluster, as one row; what a watch says is newer than any look."""
    nodes, pods, room, used = survey.nodes.value, survey.pods.value, survey.room.value, survey.used.value
    status, live = survey.status, False
    if watched is not None and watched.status is not None and watched.nodes is not None:
        nodes, pods, room = watched.nodes, watched.pods, watched.room
        status, live = watched.status, True
    return ClusterSummary(
        id=member.id,
        name=safe_text(member.name),
        status=status,
        version=survey.version.value or SafeStr(""),
        behind=apart.get(survey.version.value or ""),
        kubelets=nodes.kubelets if nodes is not None else (),
        nodes=nodes.total if nodes is not None else None,
        nodes_ready=nodes.ready if nodes is not None else None,
        pods=pods.total if pods is not None else None,
        pods_failing=pods.failing if pods is not None else None,
        room=room,
        used=used,
        no_nodes=survey.nodes.why,
        no_metrics=survey.used.why,
        seen=None if live else _oldest((survey.nodes, survey.pods)),
        live_counts=live,
        expiry=Expiry(
            client_certificate=expiry.client_certificate,
            token=expiry.token,
            server_certificate=survey.server_certificate_ends,
        ),
        tags=tuple(safe_text(tag, limit=64) for tag in member.tags),
        groups=tuple(safe_text(group, limit=64) for group in member.groups),
        protected=member.protected,
        read_only=member.read_only,
    )


def _oldest(readings: Sequence[Reading[object]]) -> float | None:
    return min((reading.at for reading in readings if reading.value is not None), default=None)


async def look_once(
    clusters: Sequence[Cluster], *, admission: Admission, timeout: float
) -> list[ClusterSummary]:
    """One look at these clusters, all at the same time, in their order; what ``navarch fleet`` prints.

    ``admission``: the fleet's gate. ``timeout``: seconds for each; what it has said until then is kept.
    """
    expiries = asyncio.create_task(asyncio.to_thread(credentials_of, [one.member for one in clusters]))
    surveys = await asyncio.gather(*(_look(cluster, admission, timeout) for cluster in clusters))
    known = await expiries
    apart = distances(surveys)
    return [
        summary_of(cluster.member, survey, expiry=known[cluster.id], apart=apart)
        for cluster, survey in zip(clusters, surveys, strict=True)
    ]


async def _look(cluster: Cluster, admission: Admission, timeout: float) -> Survey:
    surveyor = Surveyor(lambda: cluster.client, cluster.member, admission=admission, wall=time.time)
    try:
        async with asyncio.timeout(timeout):
            await surveyor.look(lambda _: None)
    except TimeoutError:
        if surveyor.survey.status.state is State.SYNCING:
            late = safe_text(f"no answer within {timeout:g} s")
            status = Status(state=State.UNREACHABLE, since=time.time(), detail=late)
            return replace(surveyor.survey, status=status)
    return surveyor.survey
