"""``navarch cluster namespaces``: the namespaces to ask where listing all of them is forbidden."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.text import counted
from console.cli.cluster import Named, app, registry_of
from console.cli.failures import say
from console.cli.tables import print_table


@app.command()
def namespaces(
    clusters: Named,
    add: Annotated[list[str] | None, typer.Option("--add", metavar="NS", help="Ask this one too.")] = None,
    drop: Annotated[list[str] | None, typer.Option("--drop", metavar="NS", help="No longer.")] = None,
) -> None:
    """Show or change which namespaces are asked one by one where listing all is forbidden."""
    from msgspec.structs import replace

    registry, found = registry_of(clusters)
    if not add and not drop:
        print_table(
            ("CLUSTER", "NAMESPACES"), [(k.record.name, ", ".join(k.record.namespaces)) for k in found]
        )
        return
    more, less = _names(add), _names(drop)
    told = "; ".join(f"{word} {', '.join(names)}" for word, names in (("add", more), ("drop", less)) if names)
    for known in found:
        kept = [name for name in dict.fromkeys((*known.record.namespaces, *more)) if name not in less]
        registry.change(
            known,
            lambda record, kept=tuple(kept): replace(record, namespaces=kept),  # type: ignore[misc]
            act="cluster namespaces",
            detail=told,
        )
    say(f"changed {counted(len(found), 'cluster')}")


def _names(values: list[str] | None) -> list[str]:
    """``a,b`` and ``b`` as a, b. Raises typer.BadParameter for what can't be a namespace."""
    import re

    names = [part for value in values or () for part in value.split(",")]
    for name in names:
        if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name):
            raise typer.BadParameter(f"{name!r} can't be a namespace")
    return names
