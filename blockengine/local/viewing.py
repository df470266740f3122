"""A volume as the control API shows it."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from blockengine.control.model import Health, Process, Replica, Volume
from blockengine.local.children import Child
from blockengine.local.hearing import CONTROLLER
from blockengine.local.volumes import LocalVolume
from blockengine.membership.record import Record
from blockengine.protocol.admin import VoterStatus

STOPPED = Process("stopped")


def view(volume: LocalVolume, run: Path) -> Volume:
    """Everything about it; `run` is where its sockets are."""
    record, status = volume.record, volume.status
    known = replicas(volume)
    data = [replica for replica in known if replica.kind == "replica"]
    in_sync = sum(replica.role == "in-sync" for replica in data)
    headers = [place.seen.header for place in volume.places.values()]
    size = max((header.size for header in headers if header is not None), default=0)
    size = record.size if record is not None else size
    return Volume(
        volume.id,
        volume.name,
        status.size if status is not None and status.size else size,
        health(volume, known),
        volume.busy or (status.state if status is not None else "down"),
        status.words if status is not None else volume.silence,
        len(data),
        in_sync,
        known,
        _process(volume, CONTROLLER, volume.controller),
        block_size=max((header.block_size for header in headers if header is not None), default=0),
        lineage=record.lineage if record is not None else "",
        position=status.position if status is not None else "",
        address=f"nbd+unix:///?socket={run / volume.nbd}",
        clients=status.clients if status is not None else 0,
        attachment=volume.attachment,
        rates=volume.rates(),
        traffic=volume.traffic,
        work=[work for work in volume.works if not work.ended],
        snapshots=len(volume.snapshots),
        snapshot_list=volume.snapshots,
        pace=volume.pace,
        attached_snapshots=[one for one in volume.attachments if one.snapshot],
        mended=status.mended if status is not None else 0,
    )


def health(volume: LocalVolume, known: list[Replica]) -> Health:
    """One word for it. `failed` wants a person, `suspended` makes its users wait."""
    status = volume.status
    ends_again = volume.controller is not None and volume.controller.view().restarts > 2
    if len(volume.lineages) > 1 or (status is None and ends_again):
        return "failed"
    if status is None or status.state == "settling":
        return "starting"
    if status.state in ("filling", "restoring", "withheld"):
        healths: dict[str, Health] = {"filling": "starting", "restoring": "restoring", "withheld": "failed"}
        return healths[status.state]
    if status.state != "serving":
        running = sum(replica.process.state == "running" for replica in known)
        few = running * 2 <= len(known)
        return "starting" if status.state == "waiting" and not few else "suspended"
    if any(replica.role == "joining" for replica in known):
        return "rebuilding"
    whole = all(replica.role in ("in-sync", "witness") and not replica.trouble for replica in known)
    return "healthy" if whole else "degraded"


def replicas(volume: LocalVolume) -> list[Replica]:
    """Its voters: those the record names and those that were found."""
    record = volume.record
    told = {voter.id: voter for voter in volume.status.voters} if volume.status is not None else {}
    names = set(volume.places) | set(volume.lost) | (record.voter_ids if record is not None else set())
    return [_replica(volume, name, record, told.get(name)) for name in sorted(names)]


def _replica(volume: LocalVolume, name: str, record: Record | None, told: VoterStatus | None) -> Replica:
    place, child = volume.places.get(name), volume.voters.get(name)
    process = _process(volume, name, child)
    if place is None:
        kept = record is None or record.member(name) is not None or record.absence(name) is not None
        trouble = volume.lost.get(name, "its directory is in no pool that can be read")
        return Replica(name, "replica" if kept else "witness", "", "", "missing", process, trouble)
    trouble = place.seen.trouble
    role = "refused" if trouble else told.role if told is not None else _recorded(name, record)
    if not trouble:
        trouble = volume.hearing.misfit(name)
    if told is not None and not trouble:
        trouble = told.failure or (told.trouble if not told.connected else "")
    return Replica(
        name,
        "replica" if place.seen.keeps_data else "witness",
        place.pool,
        str(place.seen.path),
        role,
        process,
        trouble,
        place.used,
    )


def _process(volume: LocalVolume, name: str, child: Child | None) -> Process:
    if child is None:
        return STOPPED
    speech = volume.hearing.speech(name)
    said = speech.name if speech is not None else ""
    return replace(child.view(), code=said, other_code=volume.hearing.is_other(name))


def _recorded(name: str, record: Record | None) -> str:
    """What the record on disk says, while no controller tells."""
    if record is None or record.incarnation(name) is None:
        return "unknown"
    return "in-sync" if record.member(name) else "out-of-sync" if record.absence(name) else "witness"
