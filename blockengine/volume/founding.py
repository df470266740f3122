"""Beginnings of a lineage: a new volume's first record, and an operator's way out of a lost majority."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import time
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import replace

from blockengine.membership import changes
from blockengine.membership.ballot import Refused
from blockengine.membership.record import Epoch, Member, Override, Position, Record, Voter
from blockengine.protocol.address import Address
from blockengine.protocol.messages import Control, Enter, Hello, Identity, Keep
from blockengine.protocol.speech import misfit, ours
from blockengine.volume.link import Link, Unanswered
from blockengine.volume.peer import connect


class Impossible(Exception):
    """Not with these voters; nothing was changed, or the message says what was."""


class Reached(NamedTuple):
    """A voter that answered, or why nobody did."""

    address: Address
    link: Link
    identity: Identity | None
    trouble: str


async def reach(voters: Sequence[Address], *, tls: ssl.SSLContext | None, deadline: float) -> list[Reached]:
    """Who answers at these addresses."""

    async def one(address: Address) -> Reached:
        link = Link(deadline=deadline, lost=lambda link, why: None)
        try:
            await asyncio.wait_for(connect(address, link, tls), deadline)
            identity = await asyncio.wait_for(link.ask(Hello(ours())), deadline)
        except (OSError, Unanswered, TimeoutError) as error:
            return Reached(address, link, None, str(error) or "no answer")
        assert isinstance(identity, Identity)
        if why := misfit(identity.speech, who=identity.voter, we="this program"):
            link.fail(why)
            return Reached(address, link, None, why)
        return Reached(address, link, identity, "")

    return list(await asyncio.gather(*(one(address) for address in voters)))


async def found(reached: Sequence[Reached], *, name: str, state: str = "serving") -> Record:
    """Give blank voters of one volume their first record. Done again, it finishes what was begun.

    With the state `filling` it is not served before it was filled (`volume.cloning`).

    Raises: Impossible.
    """
    identities = _all_of_one_volume(reached)
    held = [who.record for who in identities if who.record is not None]
    if held and (len(set(held)) > 1 or held[0].position.seq != 1 or held[0].position.epoch.number != 1):
        raise Impossible(f"volume {identities[0].volume} is in use already")
    replicas = [who for who in identities if who.keeps_data]
    shapes = {(who.size, who.block_size, who.region, who.lease) for who in replicas}
    if len(shapes) != 1:
        raise Impossible("the replicas differ in size, block size, region or lease: they can't be one volume")
    if len(identities) == 2:
        raise Impossible("two voters have no majority when one is away: add a witness, or a third replica")
    at = Position(Epoch(1, secrets.randbits(63)), 1)
    first = Record(
        identities[0].volume,
        secrets.token_hex(8),
        at,
        tuple(sorted(Voter(who.voter, who.incarnation) for who in identities)),
        tuple(sorted(Member(who.voter, who.boot, at) for who in replicas)),
        size=replicas[0].size,
        name=name,
        state=state,
    )
    record = held[0] if held else first
    await _on_all(reached, [Keep(record)] * len(reached))
    return record


async def force(reached: Sequence[Reached], *, who: str, why: str) -> Record:
    """Start a new lineage over these voters only. Done again, it finishes what was begun.

    The operator attests that every voter left out is destroyed or fenced.

    Raises: Impossible.
    """
    identities = _all_of_one_volume(reached)
    records = [identity.record for identity in identities if identity.record is not None]
    if len(records) < len(identities):
        raise Impossible("a voter that has no record yet can't be forced")
    leases = [identity.voter for identity in identities if identity.leased is not None]
    if leases:
        raise Impossible(
            f"a controller holds a lease of {', '.join(leases)}: stop it, or wait, then try again"
        )
    record, left = _forced(identities, records)
    names = {identity.voter for identity in identities}
    if record.voter_ids != names:
        raise Impossible(
            f"a forced recovery over {', '.join(sorted(record.voter_ids))} was begun: name those"
        )
    override = Override(record.lineage, left, who, int(time.time()), why)
    enters = []
    for identity in identities:
        incarnation = record.incarnation(identity.voter)
        assert incarnation is not None
        enters.append(Enter(record, incarnation, override))
    await _on_all(reached, enters)
    return record


def _forced(identities: Sequence[Identity], records: Sequence[Record]) -> tuple[Record, str]:
    """The record to enter, and the lineage to leave: an earlier attempt's, if there was one."""
    lineages = {record.lineage for record in records}
    begun = [record for record in records if record.position.seq == 1 and len(lineages) == 2]
    if begun:
        newest = max(begun, key=lambda record: record.position)
        return newest, next(lineage for lineage in lineages if lineage != newest.lineage)
    if len(lineages) > 1:
        raise Impossible(f"the voters hold {len(lineages)} lineages; name those of one only")
    highest = max(records, key=lambda record: record.position)
    number = max(identity.promise.number for identity in identities) + 1
    survivors = {identity.voter for identity in identities}
    try:
        record = changes.force(
            highest,
            survivors,
            epoch=Epoch(number, secrets.randbits(63)),
            lineage=secrets.token_hex(8),
        )
    except ValueError as error:
        raise Impossible(str(error)) from None
    # Under new incarnations no vote of the old lineage counts in the new one.
    voters = tuple(Voter(voter.id, secrets.randbits(63)) for voter in record.voters)
    return replace(record, voters=voters), highest.lineage


def _all_of_one_volume(reached: Sequence[Reached]) -> list[Identity]:
    silent = [f"{one.address}: {one.trouble}" for one in reached if one.identity is None]
    if silent:
        raise Impossible(f"not every voter answers ({'; '.join(silent)}); nothing was changed")
    identities = [one.identity for one in reached if one.identity is not None]
    if len({who.volume for who in identities}) > 1:
        raise Impossible("the voters belong to different volumes; nothing was changed")
    if len({who.voter for who in identities}) < len(identities):
        raise Impossible("one voter answers at two addresses; one of them is a copy. Nothing was changed")
    if not any(who.keeps_data for who in identities):
        raise Impossible("a volume needs a replica; witnesses keep no data")
    return identities


async def _on_all(reached: Sequence[Reached], messages: Sequence[Control]) -> None:
    async def one(voter: Reached, message: Control) -> str:
        try:
            answer = await voter.link.ask(message)
        except Unanswered as error:
            return f"{voter.address}: {error}"
        return f"{voter.address}: {answer.why}" if isinstance(answer, Refused) else ""

    pairs = zip(reached, messages, strict=True)
    wrong = [trouble for trouble in await asyncio.gather(*(one(*pair) for pair in pairs)) if trouble]
    if wrong:
        raise Impossible(
            f"stored by {len(reached) - len(wrong)} of {len(reached)} ({'; '.join(wrong)}); try again"
        )
