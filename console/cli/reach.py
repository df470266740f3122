"""Reaching clusters to see whether they answer, and whether they are the ones they were."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.fleet.registry import Known, Registry, identity
from backend.fleet.registry.approvals import approved
from backend.fleet.registry.record import Identity
from backend.fleet.states import state_of
from backend.kube.access import ClusterAccess
from backend.kube.client import Client
from backend.kube.errors import KubeError
from backend.text import SafeStr, safe_text

AT_ONCE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one cluster answered."""

    name: SafeStr
    state: str
    """LIVE, or what the console would call it (AUTH, UNREACHABLE…)."""
    seconds: float
    version: SafeStr
    sentence: SafeStr
    warning: SafeStr
    seen: Identity | None = None

    @property
    def ok(self) -> bool:
        return self.state == "LIVE" and not self.warning

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "state": self.state,
            "version": self.version,
            "milliseconds": round(self.seconds * 1000),
            "finding": self.sentence,
            "warning": self.warning,
        }


async def test_all(
    registry: Registry, found: Sequence[Known], *, timeout: float, accept_identity: bool
) -> list[Result]:
    """One result per cluster, in their order; a dead one costs the others nothing."""
    trusted = registry.approvals()
    places = asyncio.Semaphore(AT_ONCE)

    async def one(known: Known) -> Result:
        async with places:
            access = approved(known.record.access(known.id), trusted.get(known.id))
            return await _reach(known, access, timeout)

    results = list(await asyncio.gather(*(one(known) for known in found)))
    for known, result in zip(found, results, strict=True):
        if result.seen is None:
            continue
        if result.warning and accept_identity:
            identity.accept_new(registry, known, result.seen)
        elif not result.warning:
            identity.note(registry, known, result.seen)
    return results


async def _reach(known: Known, access: ClusterAccess, timeout: float) -> Result:
    name, nothing = safe_text(known.record.name), safe_text("")
    started = time.monotonic()
    client = None
    try:
        async with asyncio.timeout(timeout):
            client = Client(access)
            version = (await client.version()).git_version
            seen = await identity.observe(client, access)
    except TimeoutError:
        words = safe_text(f"no answer within {timeout:g} s")
        return Result(
            name=name, state="UNREACHABLE", seconds=timeout, version=nothing, sentence=words, warning=nothing
        )
    except KubeError as error:
        return Result(
            name=name,
            state=state_of(error).state.value,
            seconds=time.monotonic() - started,
            version=nothing,
            sentence=safe_text(f"{error.sentence}. {error.advice}"),
            warning=nothing,
        )
    finally:
        if client is not None:
            await client.aclose()
    warning = identity.changed(known.record.identity, seen)
    return Result(
        name=name,
        state="LIVE",
        seconds=time.monotonic() - started,
        version=safe_text(version),
        sentence=warning or nothing,
        warning=warning,
        seen=seen,
    )
