"""Acting as somebody else: asked for, told everywhere, left with one key."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from backend.fleet.acting import words
from backend.kube.access import Impersonation
from backend.kube.errors import ImpersonationForbidden, KubeError
from backend.tenancy.impersonating import NotActing, parse_acting
from backend.tenancy.subjects import NotASubject
from backend.text import safe_text
from console.screens.dialog import DialogScreen
from console.screens.error import full_sentence
from console.theme import Tone
from console.widgets.field import Field
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from console.application import NavarchApp

_SECONDS = 15.0
_GRAMMAR = "USER[,GROUP…] [--uid UID] [--extra KEY=VALUE]   or   sa:NAMESPACE/NAME"


class ActAsScreen(DialogScreen[Impersonation]):
    """Asks for a user, with groups, uid and extras in the words of the ``:`` line."""

    title_text = "Act as"
    broad = True

    def inside(self) -> list[Widget]:
        return [
            TextBlock(
                [
                    (Piece("Enter: everything is seen and done with that user's rights; U ends it."),),
                    (Piece("Groups are those you name: no server knows them.", Tone.DIM),),
                    (),
                    (Piece(_GRAMMAR, Tone.DIM),),
                ]
            ),
            Field(),
        ]

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(parse_acting(event.value))
        except (NotActing, NotASubject) as error:
            self.say(full_sentence(error))


def ask_as_whom(app: NavarchApp) -> None:
    """Open the dialog; what it answers is done."""

    def answered(who: Impersonation | None) -> None:
        if who is not None:
            act_as(app, who)

    app.push_screen(ActAsScreen(), answered)


def act_as_line(app: NavarchApp, line: str) -> None:
    """``:as …``: without words the dialog, with words at once."""
    if not line.strip():
        ask_as_whom(app)
        return
    try:
        who = parse_acting(line)
    except (NotActing, NotASubject) as error:
        app.say(full_sentence(error), Tone.ERROR)
    else:
        act_as(app, who)


def act_as(app: NavarchApp, who: Impersonation | None) -> None:
    """From now on everything is done as ``who`` (None: ourselves), over connections of its own."""
    app.session.acting_as = who
    said = (
        f"Everything is now done as {words(who)}; U ends it"
        if who
        else "Everything is done as ourselves again"
    )
    app.run_worker(_renew(app, safe_text(said), who), group="again", exclusive=True, exit_on_error=False)


async def _renew(app: NavarchApp, said: str, who: Impersonation | None) -> None:
    await app.connect_again(safe_text(said))
    if who is not None:
        await _look_whether_it_holds(app, who)


async def _look_whether_it_holds(app: NavarchApp, who: Impersonation) -> None:
    """Ask every cluster whom it takes us for: a proxy that drops the wish would leave us our own rights."""
    from backend.tenancy.reviews import whoami

    refusing: list[str] = []
    ignoring: list[str] = []

    async def ask(cluster: Cluster) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                identity = await whoami(cluster.client)
        except ImpersonationForbidden:
            refusing.append(cluster.name)
        except (KubeError, TimeoutError):
            return  # its state says so elsewhere
        else:
            if identity.user != who.user:
                ignoring.append(cluster.name)

    fleet = await app.fleet()
    await asyncio.gather(*(ask(cluster) for cluster in fleet.clusters))
    if app.session.acting_as is not who:
        return
    if ignoring:
        app.say(f"We are still ourselves there, not {who.user}: {', '.join(ignoring[:4])}", Tone.ERROR)
    elif refusing:
        some = ", ".join(refusing[:4]) + (f" and {len(refusing) - 4} more" if len(refusing) > 4 else "")
        app.say(f"We may not act as {who.user} there: {some}", Tone.WARNING)
