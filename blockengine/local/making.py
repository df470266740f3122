"""Making voters' directories and doing away with them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from blockengine.cli.lock import locked
from blockengine.control.engine import Impossible
from blockengine.local.layout import socket_name
from blockengine.local.pools import TOMBSTONES, TRASH, Pool
from blockengine.membership.ballot import Ballot
from blockengine.protocol.address import Address
from blockengine.replica.creating import create_replica
from blockengine.replica.identity import REGION, check_geometry
from blockengine.replica.regionlog import ID
from blockengine.replica.replica import Place, Replica
from blockengine.replica.witness import Witness
from blockengine.volume.founding import Impossible as NotFounded
from blockengine.volume.founding import Reached, found, reach

LEASE = 3000
"""Milliseconds. All of it is on one machine: what a lease protects from is a process that stands still."""
_REACH_DEADLINE = 60.0
_AGAIN = 0.1


def check(name: str, size: int, block_size: int) -> None:
    """Refuse a volume that can't be. Raises: Impossible."""
    if not ID.fullmatch(name):
        raise Impossible(
            f"{name!r} is no name for a volume",
            "Use a-z, 0-9 and -, beginning with a letter or digit, 63 at most",
            status=400,
        )
    try:
        check_geometry(size, block_size, REGION, LEASE)
    except ValueError as error:
        raise Impossible(str(error), status=400) from None


def new_id(kind: str) -> str:
    """A name for a voter."""
    return f"{kind}-{secrets.token_hex(4)}"


def make_replica(pool: Pool, volume: str, name: str, *, size: int, block_size: int, place: Place) -> Path:
    """A blank replica in a pool. Raises: Impossible; then nothing is left."""
    folder = pool.replicas / f"{volume}-{name}"
    with _made(folder, pool), locked(folder) as directory:
        create_replica(
            directory,
            Ballot(name, secrets.randbits(63)),
            volume=volume,
            size=size,
            place=place,
            block_size=block_size,
            lease=LEASE,
        ).close()
    return folder


def make_witness(pool: Pool, volume: str, name: str, *, place: Place) -> Path:
    """A blank witness in a pool. Raises: Impossible; then nothing is left."""
    folder = pool.replicas / f"{volume}-{name}"
    with _made(folder, pool), locked(folder) as directory:
        blank = Ballot(name, secrets.randbits(63))
        Witness.create(directory, blank, volume=volume, place=place, lease=LEASE).close()
    return folder


@contextlib.contextmanager
def _made(folder: Path, pool: Pool):  # type: ignore[no-untyped-def]
    """A new folder; gone again if what is made in it fails."""
    try:
        folder.mkdir(mode=0o700)
        try:
            yield
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except OSError as error:
        raise Impossible(f"pool {pool.known.name}: {error.strerror or error}", status=507) from None


async def reached(voters: Sequence[str], *, deadline: float = _REACH_DEADLINE) -> list[Reached]:
    """Every voter, once all of them answer. Raises: Impossible."""
    addresses = [Address(Path(socket_name("voter", voter))) for voter in voters]
    loop = asyncio.get_running_loop()
    end = loop.time() + deadline
    while True:
        answers = await reach(addresses, tls=None, deadline=5)
        silent = [
            f"{voter} ({answer.trouble})"
            for voter, answer in zip(voters, answers, strict=True)
            if answer.identity is None
        ]
        if not silent:
            return answers
        hang_up(answers)
        if loop.time() > end:
            raise Impossible(f"no answer from {', '.join(silent)}", status=500)
        await asyncio.sleep(_AGAIN)


def hang_up(answers: Sequence[Reached]) -> None:
    """End the connections of `reached`."""
    for answer in answers:
        answer.link.fail("asked and answered")


async def first_record(voters: Sequence[str], *, name: str, state: str) -> None:
    """Make blank voters one volume. Raises: Impossible."""
    answers = await reached(voters)
    try:
        await found(answers, name=name, state=state)
    except NotFounded as error:
        raise Impossible(str(error), status=500) from None
    finally:
        hang_up(answers)


def bury(volume: str, pools: Sequence[Pool]) -> None:
    """Note in every pool that a volume was deleted: what returns of it with a lost pool is known then."""
    for pool in pools:
        with contextlib.suppress(OSError):
            (pool.path / TOMBSTONES / volume).touch(mode=0o600)


def throw_away(folder: Path, pool: Pool) -> None:
    """A voter's directory goes: first out of sight, in one step, then for good. Raises: OSError."""
    trash = pool.path / TRASH
    trash.mkdir(mode=0o700, exist_ok=True)
    gone = trash / f"{folder.name}-{secrets.token_hex(4)}"
    os.replace(folder, gone)
    shutil.rmtree(gone, ignore_errors=True)


def empty_trash(pool: Pool) -> None:
    """What a kill left of things thrown away."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(pool.path / TRASH):
            shutil.rmtree(entry.path, ignore_errors=True)


def settle_in(folder: Path, place: Place) -> None:
    """Give a voter that was moved its new place. Raises: BlockingIOError, OSError, Damaged."""
    with locked(folder) as directory:
        if "witness" in directory.names():
            Witness.open(directory, place, moved=True).close()
        else:
            Replica.open(directory, place, moved=True).close()
