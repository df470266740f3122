"""``navarch cluster group``: named groups of clusters, used as ``@group`` wherever clusters are named."""

from __future__ import annotations

from typing import Annotated

import typer

from backend.text import counted
from console.cli.cluster import Named, Output, app, keep, registry_of, words
from console.cli.completing import cluster_list, groups
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.root import new_app
from console.cli.tables import Form, print_json, print_table

group = new_app("Name groups of clusters: @GROUP then means all of them.")
app.add_typer(group, name="group")

Name = Annotated[
    str, typer.Argument(metavar="GROUP", help="Its name, with or without @.", autocompletion=groups)
]


@group.callback()
def _group() -> None:
    """Name groups of clusters: @GROUP then means all of them."""


@group.command("list")
def list_(output: Output = Form.TABLE) -> None:
    """List the groups and tags of the vault, and which clusters bear them."""
    _, found = registry_of(None)
    bearers: dict[str, list[str]] = {}
    for known in found:
        for word in (
            *(f"@{name}" for name in known.record.groups),
            *(f"#{tag}" for tag in known.record.tags),
        ):
            bearers.setdefault(word, []).append(known.record.name)
    if output is Form.JSON:
        print_json([{"name": word, "clusters": names} for word, names in sorted(bearers.items())])
    elif bearers:
        print_table(
            ("NAME", "CLUSTERS", "WHICH"),
            [(word, len(names), _few(names)) for word, names in sorted(bearers.items())],
        )
    if not bearers:
        say("no cluster is in a group or bears a tag", "Make one: navarch cluster group add GROUP CLUSTERS")
        raise typer.Exit(Exit.NOTHING)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


@group.command()
def add(name: Name, clusters: Named) -> None:
    """Put clusters into a group; the first one makes it."""
    from backend.fleet.marks import Marks

    (checked,) = words([name], "@")
    changed = keep(clusters, Marks(add_groups=(checked,)), act="cluster group")
    say(f"put {counted(changed, 'cluster')} into @{checked}")


@group.command()
def drop(
    name: Name,
    clusters: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CLUSTERS]…", help="Default: all of them.", autocompletion=cluster_list),
    ] = None,
) -> None:
    """Take clusters out of a group; without names, all of them: the group is gone."""
    from backend.fleet.marks import Marks

    (checked,) = words([name], "@")
    members = clusters or [f"@{checked}"]
    changed = keep(members, Marks(drop_groups=(checked,)), act="cluster group")
    say(f"took {counted(changed, 'cluster')} out of @{checked}")


@group.command()
def rename(name: Name, new: Annotated[str, typer.Argument(metavar="NEW", help="Its new name.")]) -> None:
    """Call a group something else."""
    from backend.fleet.marks import Marks

    old, fresh = words([name, new], "@")
    changed = keep([f"@{old}"], Marks(drop_groups=(old,), add_groups=(fresh,)), act="cluster group")
    say(f"@{old} is now @{fresh}: {counted(changed, 'cluster')}")
