"""What the ``:`` line offers: the grammar's completion, and the console's own words and screens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend.fleet.completion import Completion, Known
from backend.fleet.completion import complete as complete_query
from console.actions import ACTIONS
from console.views import SCREENS

if TYPE_CHECKING:
    from console.application import NavarchApp


@dataclass(frozen=True, slots=True)
class Offer:
    """Whole lines that could be meant, the best first; and what is shown of each, or why there is none."""

    lines: Sequence[str] = ()
    shown: Sequence[str] = ()


def words() -> dict[str, str]:
    """Words of the ``:`` line that are actions: word to action id."""
    named = {action.word: action.id for action in ACTIONS.values() if action.word}
    return {**named, "q": named["quit"]}


def kind_words() -> Sequence[str]:
    """Kinds known without asking a cluster: names and short names."""
    from backend.resources import registry

    return tuple(
        word for kind in registry.kinds() for word in (kind.resource.plural, *kind.resource.short_names)
    )


def offer(app: NavarchApp, text: str) -> Offer:
    """What could follow; nothing is asked of a cluster while a person types."""
    if text.startswith("screen "):
        wanted = text.removeprefix("screen ").strip()
        names = [name for name in SCREENS if name.startswith(wanted)]
        return Offer([f"screen {name}" for name in names], names)
    namespaces = {name for member in app.members for name in member.namespaces} | app.seen_namespaces
    known = Known(members=app.members, kinds=sorted(app.seen_kinds), namespaces=sorted(namespaces))
    found = _search(text, known) if text.startswith("search ") else complete_query(text, known)
    lines = [text[: found.start] + candidate.text for candidate in found.candidates]
    shown = [candidate.text for candidate in found.candidates]
    if text and " " not in text:
        aliases = app.settings.values.aliases
        named = (*aliases, *words(), *SCREENS, "screen")
        own = [word for word in named if word.startswith(text) and word not in shown]
        lines, shown = lines + own, shown + own
    return Offer(lines, shown or [f"({found.reason})"] if found.reason or shown else ())


def _search(text: str, known: Known) -> Completion:
    from backend.fleet.search_completion import complete_search

    return complete_search(text, known)


async def learn_kinds(app: NavarchApp) -> None:
    """Ask connected clusters once what they serve, so that their own kinds complete too."""
    from backend.kube.errors import KubeError

    fleet = app.fleet_now
    if fleet is None or app.seen_kinds:
        return
    for cluster in fleet.clusters:
        try:
            async with asyncio.timeout(5.0):
                found = await cluster.client.discovery()
        except (KubeError, TimeoutError):
            continue
        app.seen_kinds.update(resource.plural for resource in found.resources if "list" in resource.verbs)
        return
