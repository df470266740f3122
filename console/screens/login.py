"""Logging in with the terminal lent to the program that asks; the console lives on behind it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from backend.fleet.logins import Login, logins
from backend.kube.errors import CredentialError, LoginGivenUp
from backend.kube.exec_plugin import LOGIN_DEADLINE
from backend.kube.status import State
from backend.text import safe_text
from console.screens.error import full_sentence
from console.terminal.driver import NavarchDriver
from console.terminal.lending import lend_terminal, read_on
from console.theme import Tone

if TYPE_CHECKING:
    from backend.fleet.cluster import Cluster
    from console.application import NavarchApp

_NAMED = 4


def start_login(app: NavarchApp, cluster_ids: Sequence[str]) -> None:
    """Log in to these clusters, and to those that wait for the same program's answer."""
    waiting = app.frame.top.in_state(State.AUTH) if app.frame is not None else []
    app.run_worker(_log_in(app, cluster_ids, waiting), group="login", exit_on_error=False)


async def _log_in(app: NavarchApp, cluster_ids: Sequence[str], waiting_ids: Sequence[str]) -> None:
    fleet = await app.fleet()
    clusters = [fleet.cluster(one) for one in cluster_ids]
    waiting = [fleet.cluster(one) for one in waiting_ids]
    queue = logins(clusters, also=waiting)
    if not queue:
        if {one for program in app.programs for one in program.ids}.intersection(cluster_ids):
            await _approve_first(app, cluster_ids, waiting_ids)
            return
        member = clusters[0].member
        app.say(f"{safe_text(member.name)}: {app.session.login_advice(member)}", Tone.WARNING)
        return
    if isinstance(app._driver, NavarchDriver) and app._driver.lent:
        return
    try:
        failed = await _in_terminal(app, queue)
    except SuspendNotSupported:
        app.say("There is no terminal here that a program could ask on", Tone.ERROR)
        return
    _tell(app, queue, failed)


async def _approve_first(app: NavarchApp, cluster_ids: Sequence[str], waiting_ids: Sequence[str]) -> None:
    """Show the programs that these clusters want to run; log in with those that a person agrees to."""
    from console.screens.programs import ask_about_programs

    if await ask_about_programs(app, cluster_ids):
        await _log_in(app, cluster_ids, waiting_ids)


async def _in_terminal(app: NavarchApp, queue: Sequence[Login]) -> list[tuple[Login, CredentialError]]:
    failed: list[tuple[Login, CredentialError]] = []
    async with lend_terminal(app):
        for place, login in enumerate(queue, start=1):
            _announce(login, place, len(queue))
            try:
                await login.run()
            except LoginGivenUp as error:
                failed.append((login, error))
            except CredentialError as error:
                failed.append((login, error))
                await read_on(error.sentence)
    return failed


def _announce(login: Login, place: int, count: int) -> None:
    """What runs now, for whom, and how to get out of it."""
    number = f" ({place} of {count})" if count > 1 else ""
    minutes = round(LOGIN_DEADLINE / 60)
    _print(f"\nNavarch logs in{number} to {_names(login.clusters)}")
    _print(f"with {login.command}")
    _print(f"It has this terminal now, for {minutes} minutes at most; ctrl-c gives up.\n")


def _print(line: str) -> None:
    sys.__stdout__.write(f"{safe_text(line, multiline=True)}\n")  # type: ignore[union-attr]
    sys.__stdout__.flush()  # type: ignore[union-attr]


def _names(clusters: Sequence[Cluster]) -> str:
    more = len(clusters) - _NAMED
    return ", ".join(one.name for one in clusters[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _tell(app: NavarchApp, queue: Sequence[Login], failed: Sequence[tuple[Login, CredentialError]]) -> None:
    broken = {id(login) for login, _ in failed}
    fine = [one for login in queue if id(login) not in broken for one in login.clusters]
    if failed:
        login, error = failed[-1]
        app.last_error = error
        done = f"Logged in to {_names(fine)}. " if fine else ""
        app.say(f"{done}Not to {_names(login.clusters)}: {full_sentence(error)}", Tone.ERROR)
    else:
        app.say(f"Logged in to {_names(fine)}", Tone.OK)
