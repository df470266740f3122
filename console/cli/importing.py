"""``navarch cluster import``, ``refresh`` and ``login``: what kubeconfigs bring, shown first."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.text import counted
from console.cli import prompt
from console.cli.cluster import Clusters, Output, Yes, app, registry_of
from console.cli.completing import cluster_list
from console.cli.exits import Exit
from console.cli.failures import say
from console.cli.running import complete
from console.cli.tables import Form, print_json

if TYPE_CHECKING:
    from backend.fleet.registry import Accepted, Candidate, Choice, Registry, Review

LARGEST_INPUT = 16 * 1024 * 1024
_MARKS = {"show": "·", "consent": "!", "refuse": "✖"}

ImportAll = Annotated[bool, typer.Option("--yes", help="Import all that needs no special consent.")]
Allow = Annotated[
    str, typer.Option(metavar="CODE,CODE", help="Agree to what the review marks with ! (its code).")
]
Approve = Annotated[
    bool, typer.Option("--approve-programs", help="Let the exec plugins run as the review shows them.")
]
Tags = Annotated[list[str] | None, typer.Option("--tag", metavar="TAG", help="Tag what is imported.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only review.")]


@app.command("import")
def import_(  # noqa: PLR0917 - the options of a command line
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[FILE]…", help="Kubeconfigs, - for stdin. Default: $KUBECONFIG or ~/.kube/config."
        ),
    ] = None,
    context: Annotated[
        list[str] | None, typer.Option("--context", metavar="C", help="Only this context; may be repeated.")
    ] = None,
    yes: ImportAll = False,
    allow: Allow = "",
    approve_programs: Approve = False,
    tag: Tags = None,
    dry_run: DryRun = False,
    output: Output = Form.TABLE,
) -> None:
    """Review kubeconfigs and take their clusters into the vault. Nothing in them is run."""
    from backend.fleet.registry import Registry
    from backend.kube.errors import KubeconfigError
    from console.cli.session import open_vault

    asked = prompt.person_present() and not yes and not dry_run and output is Form.TABLE
    registry = Registry(open_vault())
    code, documents = Exit.OK, []
    for file in files or default_files():
        try:
            reviewed = _reviewed(registry, file)
        except KubeconfigError as error:  # the other files are still good
            say(f"{error.cluster}: {error.sentence}", error.advice)
            code = Exit.FAILED
            continue
        wanted = [c for c in reviewed.candidates if not context or c.context in context]
        print_review(reviewed, wanted)
        if dry_run:
            documents.append(as_json(reviewed, wanted, None))
            continue
        importable = [c for c in wanted if not c.known and not c.refused]
        if importable and not asked and not yes:
            say(
                "nothing was imported: nobody is at a terminal to agree",
                "Add --yes, or --dry-run to look only.",
            )
            raise typer.Exit(Exit.REFUSED)
        codes = frozenset(filter(None, allow.split(",")))
        choices = choices_of(
            wanted, codes, approve_programs=approve_programs, tags=tuple(tag or ()), asked=asked
        )
        accepted = registry.accept(reviewed, choices)
        missing = set(context or ()) - {c.context for c in reviewed.candidates}
        report(accepted, missing)
        documents.append(as_json(reviewed, wanted, accepted))
        if accepted.left_out or missing:
            code = Exit.FAILED
        elif not accepted.added:
            code = max(code, Exit.NOTHING)
    if output is Form.JSON:
        print_json(documents)
    raise typer.Exit(code)


def default_files() -> list[Path]:
    """The files kubectl would read; each is imported by itself, so that none can shadow another's names."""
    named = [Path(part) for part in os.environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return named or [Path.home() / ".kube" / "config"]


def _reviewed(registry: Registry, file: Path) -> Review:
    from backend.fleet.registry import review

    known = [(known.id, known.record) for known in registry.known()]
    if str(file) == "-":
        return review(sys.stdin.buffer.read(LARGEST_INPUT), known=known)
    return review(file, known=known)


def print_review(review: Review, wanted: Sequence[Candidate]) -> None:
    """What was found, on stderr: words, not data."""
    print(f"{review.source}: {counted(len(wanted), 'cluster')}", file=sys.stderr)
    for candidate in wanted:
        expires = f", until {candidate.certificate.not_after:%Y-%m-%d}" if candidate.certificate else ""
        known = " (in the vault already)" if candidate.known else ""
        print(f"\n{candidate.name}{known}\n  server  {_safe(candidate.record.server)}", file=sys.stderr)
        print(f"  as      {candidate.authentication}{expires}", file=sys.stderr)
        for concern in candidate.concerns:
            code = f" [{concern.code}]" if concern.weight.value == "consent" else ""
            print(f"  {_MARKS[concern.weight.value]} {concern.sentence}{code}", file=sys.stderr)
    for problem in review.problems:
        line = f" (line {problem.line})" if problem.line else ""
        print(f"\n✖ {problem.where}{line}: {problem.sentence}\n  {problem.advice}", file=sys.stderr)
    print(file=sys.stderr)


def _safe(text: str) -> str:
    from backend.text import safe_text

    return safe_text(text, limit=300)


def choices_of(
    wanted: Sequence[Candidate],
    codes: frozenset[str],
    *,
    approve_programs: bool,
    tags: tuple[str, ...],
    asked: bool,
) -> list[Choice]:
    """What a person (or the options, when nobody is asked) decided about each candidate."""
    from backend.fleet.registry import Choice

    choices = []
    for candidate in wanted:
        if candidate.known or (asked and not candidate.refused and not _wants(candidate)):
            continue
        given = codes | (_consents(candidate, codes) if asked and not candidate.refused else frozenset())
        runs = approve_programs
        if asked and candidate.program is not None and candidate.program.approval is not None and not runs:
            runs = prompt.agree(f"{candidate.name}: let this program run? {candidate.command}")
        choices.append(Choice(context=candidate.context, consents=given, approve_program=runs, tags=tags))
    return choices


def _wants(candidate: Candidate) -> bool:
    return prompt.agree(
        f"Import {candidate.name} ({_safe(candidate.record.server)})?", default=not candidate.consents
    )


def _consents(candidate: Candidate, given: frozenset[str]) -> frozenset[str]:
    agreed: set[str] = set()
    for concern in candidate.concerns:
        if concern.weight.value == "consent" and concern.code not in given | agreed:
            if not prompt.agree(f"{candidate.name}: {concern.sentence} Agree?"):
                break
            agreed.add(concern.code)
    return frozenset(agreed)


def report(accepted: Accepted, missing: set[str]) -> None:
    for context, why in accepted.left_out:
        say(f"{context} was left out: {why}")
    for absent in sorted(missing):
        say(f"{_safe(absent)} was left out: there is no such (usable) context in the file")
    names = ", ".join(name for _, name in accepted.added)
    say(f"imported {counted(len(accepted.added), 'cluster')}" + (f": {names}" if names else ""))
    if accepted.approved:
        say(f"programs may run for: {', '.join(accepted.approved)}")


def as_json(review: Review, wanted: Sequence[Candidate], accepted: Accepted | None) -> dict[str, Any]:
    return {
        "source": review.source,
        "candidates": [
            {
                "context": c.name,
                "server": _safe(c.record.server),
                "authentication": c.authentication,
                "known": bool(c.known),
                "concerns": [
                    {"code": k.code, "weight": k.weight.value, "sentence": k.sentence} for k in c.concerns
                ],
            }
            for c in wanted
        ],
        "problems": [{"where": p.where, "line": p.line, "sentence": p.sentence} for p in review.problems],
        "imported": [{"id": i, "name": n} for i, n in accepted.added] if accepted else [],
        "leftOut": [{"context": c, "why": w} for c, w in accepted.left_out] if accepted else [],
    }


@app.command()
def refresh(clusters: Clusters = None, yes: Yes = False, output: Output = Form.TABLE) -> None:
    """Compare clusters with the kubeconfigs or hubs they came from, and take over what changed there."""
    from backend.fleet.registry import refresh as compare
    from backend.fleet.registry.refresh import take_over

    registry, known = registry_of(clusters)
    if not clusters:  # those without a file or a hub are no failure unless they were named
        known = [one for one in known if one.record.source.path or one.record.source.hub]
    found = compare(registry, [one for one in known if not one.record.source.hub])
    discovered = [one for one in known if one.record.source.hub]
    if discovered:
        from console.cli.discover import compare_with_hubs

        found += complete(compare_with_hubs(registry, discovered))
    taken = []
    for one in found:
        if one.trouble:
            say(f"{_safe(one.known.record.name)}: {one.trouble}")
        for change in one.changes:
            mark = "!" if change.weighty else "·"
            print(
                f"{_safe(one.known.record.name)} {mark} {change.field}: {change.before} → {change.after}",
                file=sys.stderr,
            )
        if one.changes and (yes or (prompt.person_present() and prompt.agree("Take that over?"))):
            take_over(registry, one)
            taken.append(one.known.record.name)
    changed = [one for one in found if one.changes]
    if output is Form.JSON:
        print_json(
            [
                {
                    "name": one.known.record.name,
                    "trouble": one.trouble,
                    "takenOver": one.known.record.name in taken,
                    "changes": [
                        {"field": c.field, "before": c.before, "after": c.after, "weighty": c.weighty}
                        for c in one.changes
                    ],
                }
                for one in found
            ]
        )
    say(
        f"{len(changed)} of {counted(len(found), 'cluster')} changed at their source, {len(taken)} taken over"
    )
    if len(taken) < len(changed):
        raise typer.Exit(Exit.REFUSED)
    raise typer.Exit(Exit.FAILED if any(one.trouble for one in found) else Exit.OK)


@app.command()
def login(
    cluster: Annotated[
        str,
        typer.Argument(help="The cluster whose program gets its credential.", autocompletion=cluster_list),
    ],
    yes: Yes = False,
) -> None:
    """Review and approve a cluster's exec plugin, and let it log in (it may open a browser or ask)."""
    from backend.fleet.registry.approvals import approved, command_line, sentences
    from backend.kube.credentials import Credentials
    from backend.kube.exec_review import approval_for
    from console.cli.programs import show_program

    registry, found = registry_of([cluster])
    if len(found) != 1:
        raise typer.BadParameter(f"{cluster} means {len(found)} clusters", param_hint="CLUSTER")
    known = found[0]
    access = known.record.access(known.id)
    if access.exec is None:
        say(f"{_safe(known.record.name)} needs no login: it uses no program to obtain credentials")
        return
    trusted = registry.approvals().get(known.id)
    seen = approval_for(access.exec, access)
    if trusted is None or seen.approval is None or trusted.fingerprint != seen.approval.fingerprint:
        changed = " (it is not what was approved before)" if trusted else ""
        show_program(command_line(access.exec), sentences(seen), note=changed)
        if not yes:
            if not prompt.person_present():
                raise prompt.NoTerminal("nobody is at a terminal to approve this program", "Add --yes.")
            if not prompt.agree("Let this program run with your rights?"):
                raise typer.Exit(Exit.REFUSED)
        trusted = registry.approve(known, seen)
    ready = approved(access, trusted)
    if ready.exec is None:
        return
    complete(Credentials(ready).login(interactive=prompt.person_present()))
    say(f"{_safe(known.record.name)}: the program gave a credential")
