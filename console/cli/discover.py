"""``navarch cluster discover``: clusters that hubs know through ClusterProfiles, reviewed, then imported."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.text import counted
from console.cli import completing, prompt
from console.cli.cluster import Output, app
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.importing import (
    Allow,
    Approve,
    DryRun,
    ImportAll,
    Tags,
    as_json,
    choices_of,
    print_review,
    report,
)
from console.cli.running import complete
from console.cli.tables import Form, print_json

if TYPE_CHECKING:
    from backend.fleet.registry import Known, Registry
    from backend.fleet.registry.discover import Hub
    from backend.fleet.registry.discover_providers import Provider
    from backend.fleet.registry.refresh import Refreshed


@app.command()
def discover(  # noqa: PLR0917 - the options of a command line
    hub: Annotated[
        list[str] | None,
        typer.Option(
            "-c",
            "--cluster",
            metavar="HUB",
            help="Ask only these clusters of the vault. Default: all.",
            autocompletion=completing.clusters,
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option("--profile", metavar="[NS/]NAME", help="Only this ClusterProfile; may be repeated."),
    ] = None,
    provider: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="NAME=PROGRAM",
            help="The program (with arguments) that logs in through this access provider.",
        ),
    ] = None,
    providers: Annotated[
        Path | None,
        typer.Option("--providers", metavar="FILE", help="A provider file of the cluster inventory project."),
    ] = None,
    yes: ImportAll = False,
    allow: Allow = "",
    approve_programs: Approve = False,
    tag: Tags = None,
    dry_run: DryRun = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", min=0.1, help="Per hub.")] = 30.0,
    output: Output = Form.TABLE,
) -> None:
    """Find clusters in the ClusterProfiles of hubs, review them, import those you choose. Nothing is run."""
    from backend.fleet.registry import Registry
    from backend.fleet.registry.discover import review_profiles
    from console.cli.session import open_vault

    asked = prompt.person_present() and not yes and not dry_run and output is Form.TABLE
    registry = Registry(open_vault())
    chosen = {**_settings_providers(), **_given(provider or (), providers)}
    hubs = complete(_ask(registry, hub or (), timeout))
    _tell(hubs)
    reviewed = review_profiles(hubs, chosen, known=[(k.id, k.record) for k in registry.known()])
    wanted = [c for c in reviewed.candidates if not profile or _named(c.record.source.profile, profile)]
    print_review(reviewed, wanted)
    importable = [c for c in wanted if not c.known and not c.refused]
    if importable and not (dry_run or asked or yes):
        say("nothing was imported: nobody is at a terminal to agree", "Add --yes, or --dry-run to look only.")
        raise typer.Exit(Exit.REFUSED)
    accepted = None
    if not dry_run:
        codes = frozenset(filter(None, allow.split(",")))
        choices = choices_of(
            wanted, codes, approve_programs=approve_programs, tags=tuple(tag or ()), asked=asked
        )
        accepted = registry.accept(reviewed, choices)
        report(accepted, set())
    if output is Form.JSON:
        print_json(as_json(reviewed, wanted, accepted))
    if reviewed.problems or (accepted is not None and accepted.left_out):
        raise typer.Exit(Exit.FAILED)
    found = accepted.added if accepted is not None else wanted
    raise typer.Exit(Exit.OK if found else Exit.NOTHING)


def _named(profile: str, wanted: Sequence[str]) -> bool:
    return profile in wanted or profile.partition("/")[2] in wanted


async def _ask(registry: Registry, patterns: Sequence[str], timeout: float) -> list[Hub]:
    from backend.fleet.fleet import Fleet
    from backend.fleet.registry import members
    from backend.fleet.registry.discover import ask_hubs
    from console.cli.selection import comma_separated

    async with Fleet(members(registry.vault)) as fleet:
        return await ask_hubs(fleet.select(comma_separated(patterns, "--cluster")), timeout=timeout)


def _tell(hubs: Sequence[Hub]) -> None:
    """Say so when nobody has profiles: most clusters are no hubs."""
    if hubs and not any(hub.serves for hub in hubs):
        say(
            f"none of {counted(len(hubs), 'cluster')} has ClusterProfiles",
            "A hub serves them through the definition clusterprofiles.multicluster.x-k8s.io.",
        )


def _given(named: Sequence[str], file: Path | None) -> dict[str, Provider]:
    """The providers of the command line. Raises typer.BadParameter, BadProviders."""
    from backend.fleet.registry.discover_providers import Provider, providers_in

    found = providers_in(file) if file is not None else {}
    for entry in named:
        name, _, command = entry.partition("=")
        try:
            words = shlex.split(command)
        except ValueError as error:
            raise typer.BadParameter(f"{entry}: {error}", param_hint="--provider") from None
        if not name or not words:
            raise typer.BadParameter("write it as NAME=PROGRAM", param_hint="--provider")
        found[name] = Provider(command=words[0], args=tuple(words[1:]))
    return found


def _settings_providers() -> Mapping[str, Provider]:
    from console.providers import settings_providers
    from console.settings.store import users_settings

    return settings_providers(users_settings())


async def compare_with_hubs(registry: Registry, known: Sequence[Known]) -> list[Refreshed]:
    """How clusters that came from ClusterProfiles differ from what their hubs say now."""
    from backend.fleet.fleet import Fleet
    from backend.fleet.registry import members
    from backend.fleet.registry.discover_refresh import refresh_profiles

    async with Fleet(members(registry.vault)) as fleet:
        return await refresh_profiles(fleet, known, _settings_providers())
