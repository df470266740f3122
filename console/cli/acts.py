"""Acts on the command line: preview, confirmation, preconditions, journal; the same for every act."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.fleet.query import Query
from console.cli import completing
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.options import Clusters, Kubeconfig, Namespaces, Timeout
from console.cli.root import new_app
from console.cli.running import run
from console.cli.selection import Options, read_named

if TYPE_CHECKING:
    from backend.fleet.acts import Act, Plan
    from backend.fleet.fleet import Fleet
    from backend.fleet.objects import Found

EPILOG = "Exit codes: 0 done, 1 something failed, 4 refused for safety, 5 nothing matched."
_WORST = 5
"""Lines of what stops that a preview shows."""
_AT_ONCE = 8
"""Objects looked at at the same time."""

Objects = Annotated[
    list[str],
    typer.Argument(
        metavar="KIND NAME… [@CLUSTERS]",
        help="Names may hold * and ?.",
        show_default=False,
        autocompletion=completing.words,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; needed without a terminal.")]
Confirm = Annotated[
    list[str] | None,
    typer.Option("--confirm", metavar="NAME", help="On protected clusters: the object's name, exactly."),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Ask the servers whether they would; change nothing.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What a person agreed to before anything was shown."""

    yes: bool
    confirmed: frozenset[str] = frozenset()
    dry_run: bool = False


def act_command(id: str, *, help: str, kind: str = "") -> typer.Typer:
    """A command that does one act that needs no answer; ``kind``: the only one it is for, to be left out."""
    app = new_app(help)

    @app.command(name=id, help=help, epilog=EPILOG)
    def command(  # noqa: PLR0917 - the options of a command line
        words: Objects,
        cluster: Clusters = None,
        namespace: Namespaces = None,
        yes: Yes = False,
        confirm: Confirm = None,
        dry_run: DryRun = False,
        kubeconfig: Kubeconfig = None,
        timeout: Timeout = 30.0,
    ) -> None:
        query = read_named(of_kind(words, kind), Options(clusters=cluster or (), namespaces=namespace or ()))
        agreed = Agreement(yes=yes, confirmed=frozenset(confirm or ()), dry_run=dry_run)
        act_on(id, query, agreed=agreed, kubeconfig=kubeconfig, timeout=timeout)

    return app


def of_kind(words: Sequence[str], kind: str) -> list[str]:
    """``cordon node-1`` and ``cordon node node-1`` mean the same."""
    from backend.resources import registry

    if not kind:
        return list(words)
    known = registry.builtin(words[0].partition("/")[0])
    said = known is not None and known.resource.plural == kind and (len(words) > 1 or "/" in words[0])
    return list(words) if said else [kind, *words]


def act_on(
    id: str,
    query: Query,
    *,
    agreed: Agreement,
    kubeconfig: Path | None,
    timeout: float,
    answer: str = "",
) -> None:
    """Do the act to everything the query names, and end the command with its exit code."""
    from backend.fleet.acts import named

    acting = _Acting(named(id), query, answer=answer, agreed=agreed, timeout=timeout)
    raise typer.Exit(run(acting.run(kubeconfig)))


@dataclass
class _Acting:
    """One act on some objects, from the preview to the last answer."""

    act: Act
    query: Query
    answer: str = field(kw_only=True)
    agreed: Agreement = field(kw_only=True)
    timeout: float = field(kw_only=True)

    async def run(self, kubeconfig: Path | None) -> int:
        from console.cli.pick import pick_all
        from console.cli.session import open_fleet

        dry_run = self.agreed.dry_run
        async with open_fleet(kubeconfig, acting=not dry_run) as fleet:
            found, failed = await pick_all(fleet, self.query, timeout=self.timeout)
            if failed and not dry_run and not self.agreed.yes:
                say("clusters that did not answer are left out")
            looking = asyncio.create_task(self._blasts(found))
            plans, unpreviewed = await self._preview(found)
            failed += unpreviewed
            if plans:
                for plan in plans:
                    _show(plan)
                for line in await looking:
                    print(line, file=sys.stderr)
                confirmed = self.agreed.confirmed if dry_run else ask(plans, self.agreed)
                failed += await self._carry_out(fleet, plans, confirmed)
            return Exit.FAILED if failed else Exit.OK

    async def _blasts(self, found: Sequence[Found]) -> list[str]:
        """What stops with it, for who is asked; the worst lines, within the time a confirmation has."""
        if not self.act.danger or (self.agreed.yes and not self.agreed.dry_run):
            return []
        from backend.topology.blast.preview import Target, look

        wanted: dict[str, list[Target]] = {}
        clusters = {one.cluster.id: one.cluster for one in found}
        for one in found:
            target = Target(one.resource.full_name, one.name, one.namespace)
            wanted.setdefault(one.cluster.id, []).append(target)
        looks = (look(clusters[id], each, deleted=True) for id, each in wanted.items())
        blasts = await asyncio.gather(*looks)
        lines = []
        for id, blast in zip(wanted, blasts, strict=True):
            lines.append(f"{clusters[id].name}: stops with it: {blast.summary}")
            lines += [f"    {e.grade.value}: {e.sentence}" for e in blast.effects[:_WORST]]
            if len(blast.effects) > _WORST:
                more = len(blast.effects) - _WORST
                lines.append(f"    and {more:,} more; all of them: navarch blast KIND/NAME")
            lines += [f"    not known: {kind}: {why}" for kind, why in blast.unknown[:2]]
        return lines

    async def _preview(self, found: Sequence[Found]) -> tuple[list[Plan], int]:
        """What it would do to each; those that went meanwhile are told and left out. Raises Refused."""
        from backend.fleet.acts import Already, preview
        from backend.kube.errors import KubeError

        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(each: Found) -> Plan | Already | KubeError:
            async with gate:
                try:
                    return await preview(self.act, each, self.answer)
                except (Already, KubeError) as error:
                    return error

        plans, failed = [], 0
        for outcome in await asyncio.gather(*(one(each) for each in found)):
            if isinstance(outcome, KubeError):
                say(f"{outcome.cluster}: {outcome.sentence}", outcome.advice)
                failed += 1
            elif isinstance(outcome, Already):
                print(outcome.sentence)
            else:
                plans.append(outcome)
        return plans, failed

    async def _carry_out(self, fleet: Fleet, plans: Sequence[Plan], confirmed: frozenset[str]) -> int:
        """One after the other; how many failed."""
        from backend.fleet.acts import carry_out
        from backend.kube.errors import KubeError

        failed = 0
        for plan in plans:
            typed = plan.must_type if plan.must_type in confirmed else ""
            try:
                sentence = await carry_out(
                    plan, journal=fleet.journal, confirmed=typed, dry_run=self.agreed.dry_run
                )
            except KubeError as error:
                failed += 1
                say(f"{error.cluster}: {error.sentence}", error.advice)
            else:
                print(sentence)
        return failed


def ask(plans: Sequence[Plan], agreed: Agreement) -> frozenset[str]:
    """The names that were confirmed. Raises Refused unless a person, or the options, agreed."""
    from backend.fleet.acts import Refused

    protected = [plan for plan in plans if plan.must_type not in ("", *agreed.confirmed)]
    interactive = sys.stdin.isatty() and sys.stderr.isatty()
    if not interactive:
        if not agreed.yes:
            raise Refused("nothing was changed: there is no terminal to ask on", advice="Agree with --yes.")
        if protected:
            name = protected[0].must_type
            raise Refused(
                f"nothing was changed: {protected[0].cluster.name} is protected",
                advice=f"Confirm the object's name: --confirm {name}",
            )
        return agreed.confirmed
    confirmed = set(agreed.confirmed)
    for plan in protected:
        question = f"{plan.cluster.name} is protected. Type the name of what is to be changed"
        typed = typer.prompt(question, err=True, default="", show_default=False)
        if typed != plan.must_type:
            raise Refused("nothing was changed: that is not its name")
        confirmed.add(typed)
    if not agreed.yes and not protected and not typer.confirm("Go on?", err=True):
        raise Refused("nothing was changed")
    return frozenset(confirmed)


def _show(plan: Plan) -> None:
    print(f"{plan.act} {plan.found.place}: {plan.effect}", file=sys.stderr)
    for line in plan.falls:
        print(f"    with it: {line}", file=sys.stderr)
    for line in plan.warnings:
        print(f"    note: {line}", file=sys.stderr)
