"""What tests of acts share: a journal that only remembers, a fleet of one cluster, objects by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backend.fleet.fleet import Fleet
from backend.fleet.inmemory import members_of
from backend.fleet.objects import Found, find
from backend.fleet.query import parse_line
from backend.journal.journal import Outcome
from tests.fleet.running_demo import Demo


class Notes:
    """A journal that only remembers."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, Outcome, str]] = []
        self.details: list[str] = []

    def append(
        self,
        act: str,
        *,
        outcome: Outcome = Outcome.DONE,
        cluster: str = "",
        object: str = "",
        detail: str = "",
    ) -> int:
        self.lines.append((act, outcome, object))
        self.details.append(detail)
        return len(self.lines)


async def opened(demo: Demo, **marks: Any) -> Fleet:
    return Fleet([replace(members_of(demo.kubeconfig)[0][0], **marks)])


async def one(fleet: Fleet, line: str) -> Found:
    """The first object that a query means."""
    found, errors = await find(fleet.clusters, parse_line(line))
    assert not errors
    assert found, f"nothing found by {line}"
    return found[0]


async def again(found: Found) -> Found:
    namespace = f" -n {found.namespace}" if found.namespace else ""
    members = (found.cluster,)
    line = parse_line(f"{found.resource.full_name} {found.name}{namespace}")
    [now], _ = await find(members, line)
    return now
