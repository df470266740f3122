"""``navarch yaml``: one whole object; secret values only when asked for by name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from backend.fleet.query import Query
from backend.text import safe_text
from console.cli.exits import Exit
from console.cli.options import Clusters, Kubeconfig, Namespaces, OneObject, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_one

app = new_app("Print one whole object; secret values stay masked.")


@app.command()
def yaml(  # noqa: PLR0917 - the options of a command line
    words: OneObject,
    cluster: Clusters = None,
    namespace: Namespaces = None,
    reveal: Annotated[
        list[str] | None,
        typer.Option("--reveal", metavar="KEY", help="Print this key of a secret; * prints all."),
    ] = None,
    managed_fields: Annotated[
        bool, typer.Option("--managed-fields", help="Also print who owns which field.")
    ] = False,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Print one whole object as YAML. Secret values stay masked until revealed by their key."""
    query = read_one(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    shown = frozenset(reveal or ())
    raise typer.Exit(run(_yaml(query, kubeconfig, timeout, reveal=shown, managed_fields=managed_fields)))


async def _yaml(
    query: Query, kubeconfig: Path | None, timeout: float, *, reveal: frozenset[str], managed_fields: bool
) -> int:
    from backend.resources.document import presentable, to_yaml
    from console.cli.pick import pick_one
    from console.cli.session import open_fleet

    async with open_fleet(kubeconfig) as fleet:
        found, failed = await pick_one(fleet, query, timeout=timeout)
        _check_keys(found.obj, reveal)
        cluster = found.cluster.member.name
        obj = presentable(found.obj, reveal=reveal, managed_fields=managed_fields, cluster=cluster)
        sys.stdout.write(to_yaml(obj))
    return Exit.FAILED if failed else Exit.OK


class NoSuchKey(LookupError):
    """A value was to be revealed that the object does not have; nothing was printed."""

    exit_code = Exit.USAGE

    def __init__(self, key: str, known: list[str]) -> None:
        self.sentence = f"there is no secret value {safe_text(key)!r} to reveal"
        self.advice = (
            "Its keys: " + ", ".join(safe_text(name) for name in known) if known else "It holds none."
        )
        super().__init__(self.sentence)


def _check_keys(obj: Mapping[str, Any], reveal: frozenset[str]) -> None:
    """Raise NoSuchKey unless every key to be revealed is there."""
    from backend.resources.masking import secret_keys

    known = secret_keys(obj)
    for key in sorted(reveal - {"*"}):
        if key not in known:
            raise NoSuchKey(key, known)
