"""A controller's account of itself, for people and for the control API."""

from __future__ import annotations

import os

from blockengine.clock import now
from blockengine.membership import policy
from blockengine.membership.record import Record
from blockengine.protocol.admin import Progress, VolumeStatus, VoterStatus
from blockengine.protocol.speech import ours
from blockengine.volume.cloning import filling
from blockengine.volume.controller import Controller
from blockengine.volume.office import Office
from blockengine.volume.peer import Peer


def status(
    controller: Controller, *, words: str, clients: int = 0, work: tuple[Progress, ...] = ()
) -> VolumeStatus:
    """How the volume is now. `words` is what was told last."""
    office = controller.office
    if office is None:
        voters = tuple(_voter(peer, None, frozenset()) for peer in controller.peers)
        volumes = {peer.identity.volume for peer in controller.peers if peer.identity is not None}
        known = volumes.pop() if len(volumes) == 1 else ""
        return VolumeStatus(os.getpid(), "waiting", words, volume=known, voters=voters, speech=ours())
    record = office.term.newest
    position = office.term.base.position
    joining = frozenset(office.joining)
    answering = {peer.id for peer in controller.peers}
    unheard = "nobody answered under this name yet"
    silent = tuple(
        VoterStatus(voter.id, "", _role(record, voter.id, joining), connected=False, trouble=unheard)
        for voter in record.voters
        if voter.id not in answering
    )
    return VolumeStatus(
        os.getpid(),
        _state(controller, office),
        _words(controller, office, words),
        volume=record.volume,
        name=record.name,
        lineage=record.lineage,
        position=f"{position.epoch.number}.{position.seq}",
        epoch=office.epoch.number,
        size=record.size,
        block_size=controller.block_size,
        lease=max(office.serve_until - now(), 0),
        clients=clients,
        voters=tuple(_voter(peer, record, joining) for peer in controller.peers) + silent,
        work=work,
        pace=policy.budget(record.policy),
        mended=office.mended,
        speech=ours(),
    )


def _words(controller: Controller, office: Office, words: str) -> str:
    if office.ended.done():
        return office.ended.result()
    return (controller.snapshots.withheld if controller.snapshots is not None else "") or words


def _state(controller: Controller, office: Office) -> str:
    if office.ended.done():
        return "ended"
    if not office.serving:
        return "settling"
    if now() >= office.serve_until or not office.obliged <= office.sessions.keys():
        return "suspended"
    if filling(office.term.newest.state) is not None:
        return "filling"
    snapshots = controller.snapshots
    if snapshots is not None and snapshots.restoring:
        return "restoring"
    return "withheld" if snapshots is not None and snapshots.withheld else "serving"


def _voter(peer: Peer, record: Record | None, joining: frozenset[str]) -> VoterStatus:
    identity = peer.identity
    if identity is None:
        return VoterStatus("", str(peer.address), "unknown", connected=False, trouble=peer.trouble)
    role = _role(record or identity.record, identity.voter, joining)
    # What it said of itself when it came is old once it was let in again: the record knows better.
    if identity.record is None and (
        record is None or record.incarnation(identity.voter) != identity.incarnation
    ):
        role = "blank"
    return VoterStatus(
        identity.voter,
        str(peer.address),
        role,
        connected=peer.link is not None,
        trouble=peer.trouble,
        failure=identity.failure,
        speech=identity.speech,
    )


def _role(record: Record | None, voter: str, joining: frozenset[str]) -> str:
    if record is None or record.incarnation(voter) is None:
        return "unknown"
    if record.member(voter) is not None:
        return "in-sync"
    if voter in joining:
        return "joining"
    return "out-of-sync" if record.absence(voter) is not None else "witness"
