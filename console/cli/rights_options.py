"""Options and output that the commands about rights share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from backend.fleet.cluster import Cluster
from backend.kube.errors import KubeError
from backend.tenancy.question import Question
from backend.text import SafeStr
from console.cli.failures import say
from console.cli.selection import Options, read_query
from console.cli.tables import print_json, print_table

Found = TypeVar("Found")
_NAMED = 6
"""Clusters of which one note is told by name."""


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Form, typer.Option("-o", "--output", help="table, json or yaml.")]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--group",
        metavar="GROUP",
        help="A group that the subject is in; may be repeated. Only the sign-in knows.",
    ),
]


class Asked:
    """``VERB KIND [NAME] [@CLUSTERS]`` as typed: the question, and where it is asked."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        clusters: Sequence[str] | None,
        namespaces: Sequence[str] | None,
        subresource: str = "",
    ) -> None:
        """Raises typer.BadParameter."""
        plain = [word for word in words if not word.startswith("@")]
        if not 2 <= len(plain) <= 3:
            raise typer.BadParameter("say a verb, a kind and perhaps a name: get pods, create pods/exec")
        where = [word for word in words if word.startswith("@")]
        query = read_query(["pods", *where], Options(clusters=clusters or (), namespaces=namespaces or ()))
        self.clusters, self.namespaces = query.clusters, query.namespaces
        kind = f"{plain[1]}/{subresource}" if subresource else plain[1]
        self.question = Question(verb=plain[0].lower(), kind=kind, name=plain[2] if len(plain) == 3 else "")


def show(
    form: Form, titles: Sequence[str], rows: Iterable[Sequence[object]], documents: Sequence[dict[str, Any]]
) -> None:
    """The answer on stdout."""
    if form is Form.JSON:
        print_json(list(documents))
    elif form is Form.YAML:
        from backend.resources.document import to_yaml

        print(to_yaml(list(documents)), end="")
    else:
        print_table(titles, rows)


def tell(told: Iterable[tuple[SafeStr, SafeStr]]) -> None:
    """What the answers don't cover, on stderr, equal notes of several clusters together."""
    clusters: dict[SafeStr, dict[SafeStr, None]] = {}
    for cluster, note in told:
        clusters.setdefault(note, {})[cluster] = None
    for note, names in clusters.items():
        shown = list(names)[:_NAMED]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        say(f"{', '.join(shown)}{more}: {note}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How the answer is got and given."""

    form: Form
    kubeconfig: Path | None
    timeout: float


async def gathered(
    way: Way, patterns: Sequence[str], ask: Callable[[Cluster], Awaitable[Found]]
) -> tuple[list[Found], int]:
    """Every cluster's answer in the fleet's order, and how many failed (each was told on stderr)."""
    from backend.tenancy.asking import each
    from console.cli.session import open_fleet

    found: dict[str, Found] = {}
    async with open_fleet(way.kubeconfig) as fleet:
        clusters = fleet.select(patterns)
        async for cluster, answer in each(clusters, ask, timeout=way.timeout):
            if isinstance(answer, KubeError):
                say(f"{answer.cluster}: {answer.sentence}", answer.advice)
            else:
                found[cluster.id] = answer
        return [found[cluster.id] for cluster in clusters if cluster.id in found], len(clusters) - len(found)
