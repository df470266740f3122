"""``navarch delete``: preview, confirmation, preconditions, journal."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

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
    from backend.fleet.acts import DeletePreview
    from backend.fleet.fleet import Fleet
    from backend.fleet.objects import Found

app = new_app("Delete objects, with preview and preconditions.")


class Cascade(StrEnum):
    BACKGROUND = "background"
    FOREGROUND = "foreground"
    ORPHAN = "orphan"

    @property
    def propagation(self) -> Literal["Background", "Foreground", "Orphan"]:
        """Its name in the API's DeleteOptions."""
        match self:
            case Cascade.BACKGROUND:
                return "Background"
            case Cascade.FOREGROUND:
                return "Foreground"
            case Cascade.ORPHAN:
                return "Orphan"


@app.command(epilog="Exit codes: 0 done, 1 something failed, 4 refused for safety, 5 nothing matched.")
def delete(  # noqa: PLR0917 - the options of a command line
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="KIND NAME… [@CLUSTERS]",
            help="Names may hold * and ?.",
            show_default=False,
            autocompletion=completing.words,
        ),
    ],
    cluster: Clusters = None,
    namespace: Namespaces = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; needed without a terminal.")] = False,
    confirm: Annotated[
        list[str] | None,
        typer.Option("--confirm", metavar="NAME", help="On protected clusters: the object's name, exactly."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Ask the servers whether they would; change nothing.")
    ] = False,
    cascade: Annotated[
        Cascade, typer.Option(help="What it owns: goes after it, goes before it, or stays.")
    ] = Cascade.BACKGROUND,
    kubeconfig: Kubeconfig = None,
    timeout: Timeout = 30.0,
) -> None:
    """Delete objects: shows what would go, asks, then deletes only what is still the same."""
    query = read_named(words, Options(clusters=cluster or (), namespaces=namespace or ()))
    deletion = _Deletion(
        query, cascade=cascade, yes=yes, confirmed=frozenset(confirm or ()), dry_run=dry_run, timeout=timeout
    )
    raise typer.Exit(run(deletion.run(kubeconfig)))


class _Deletion:
    """One deletion, from the preview to the last answer."""

    def __init__(
        self,
        query: Query,
        *,
        cascade: Cascade,
        yes: bool,
        confirmed: frozenset[str],
        dry_run: bool,
        timeout: float,
    ) -> None:
        self._query = query
        self._cascade = cascade
        self._yes = yes
        self._confirmed = confirmed
        self._dry_run = dry_run
        self._timeout = timeout

    async def run(self, kubeconfig: Path | None) -> int:
        from console.cli.pick import pick_all
        from console.cli.session import open_fleet

        async with open_fleet(kubeconfig, acting=not self._dry_run) as fleet:
            found, failed = await pick_all(fleet, self._query, timeout=self._timeout)
            if failed and not self._dry_run and not self._yes:
                say("clusters that did not answer are left out")
            previews, unpreviewed = await self._preview(found)
            for preview in previews:
                _show(preview)
            if not previews:
                return Exit.FAILED
            if not self._dry_run:
                self._ask(previews)
            undone = await self._delete(fleet, previews)
            return Exit.FAILED if undone or failed or unpreviewed else Exit.OK

    async def _preview(self, found: Sequence[Found]) -> tuple[list[DeletePreview], int]:
        """What each deletion would do; objects that went meanwhile are told and left out."""
        from backend.fleet.acts import preview_delete
        from backend.kube.errors import KubeError

        async def one(each: Found) -> DeletePreview | KubeError:
            try:
                return await preview_delete(each, propagation=self._cascade.propagation)
            except KubeError as error:
                return error

        previews, failed = [], 0
        for answer in await asyncio.gather(*(one(each) for each in found)):
            if isinstance(answer, KubeError):
                say(f"{answer.cluster}: {answer.sentence}", answer.advice)
                failed += 1
            else:
                previews.append(answer)
        return previews, failed

    def _ask(self, previews: Sequence[DeletePreview]) -> None:
        """Raises Refused unless a person, or the options, agreed."""
        from backend.fleet.acts import Refused

        protected = [preview for preview in previews if preview.must_type not in ("", *self._confirmed)]
        interactive = sys.stdin.isatty() and sys.stderr.isatty()
        if not interactive:
            if not self._yes:
                raise Refused(
                    "nothing was deleted: there is no terminal to ask on", advice="Agree with --yes."
                )
            if protected:
                name = protected[0].must_type
                raise Refused(
                    f"nothing was deleted: {protected[0].cluster.name} is protected",
                    advice=f"Confirm the object's name: --confirm {name}",
                )
            return
        for preview in protected:
            question = f"{preview.cluster.name} is protected. Type the name of what is to be deleted"
            typed = typer.prompt(question, err=True, default="", show_default=False)
            if typed != preview.must_type:
                raise Refused("nothing was deleted: that is not its name")
            self._confirmed |= {typed}
        if not self._yes and not protected and not typer.confirm("Delete?", err=True):
            raise Refused("nothing was deleted")

    async def _delete(self, fleet: Fleet, previews: Sequence[DeletePreview]) -> int:
        """Delete one after the other; how many were not."""
        from backend.fleet.acts import delete as delete_one
        from backend.kube.errors import KubeError

        failed = 0
        for preview in previews:
            confirmed = preview.must_type if preview.must_type in self._confirmed else ""
            try:
                sentence = await delete_one(
                    preview, journal=fleet.journal, confirmed=confirmed, dry_run=self._dry_run
                )
            except KubeError as error:
                failed += 1
                say(f"{error.cluster}: {error.sentence}", error.advice)
            else:
                print(sentence)
        return failed


def _show(preview: DeletePreview) -> None:
    print(f"delete {preview.found.place}", file=sys.stderr)
    for line in preview.falls:
        print(f"    with it: {line}", file=sys.stderr)
    for line in preview.warnings:
        print(f"    note: {line}", file=sys.stderr)
