"""Trouble for a volume's processes: killed, frozen, cut off, started twice, copied, disks that fail."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import signal
from collections.abc import Awaitable, Callable, Sequence

from blockengine.protocol.nbd_client import Client
from blockengine.verify.campaign import Campaign
from blockengine.verify.judge import Violation

Trouble = Callable[[Campaign], Awaitable[None]]


async def _later(campaign: Campaign, shortest: float = 0.1, longest: float = 2.0) -> None:
    await asyncio.sleep(campaign.draw.uniform(shortest, longest))


async def kill_voter(campaign: Campaign) -> None:
    """kill -9, and back after a while. On a faulty disk this is a power loss."""
    name = campaign.draw.choice(campaign.rig.names)
    await campaign.rig.kill_voter(name)
    await _later(campaign)
    await campaign.rig.start_voter(name)


async def kill_two(campaign: Campaign) -> None:
    """Two voters at once: no majority, so nothing may be answered."""
    names = campaign.draw.sample(campaign.rig.names, 2)
    for name in names:
        await campaign.rig.kill_voter(name)
    await _later(campaign)
    for name in names:
        await campaign.rig.start_voter(name)


async def blackout(campaign: Campaign) -> None:
    """All voters and the controller."""
    if campaign.serving is not None:
        campaign.serving.process.send(signal.SIGKILL)
    for name in campaign.rig.names:
        await campaign.rig.kill_voter(name)
    for name in campaign.rig.names:
        await campaign.rig.start_voter(name)


async def stop_voter(campaign: Campaign) -> None:
    """SIGSTOP, perhaps for longer than it has to answer."""
    process = campaign.rig.voters[campaign.draw.choice(campaign.rig.names)]
    process.send(signal.SIGSTOP)
    await _later(campaign, 0.1, 2 * campaign.rig.shape.deadline)
    process.send(signal.SIGCONT)


async def kill_controller(campaign: Campaign) -> None:
    """kill -9; the supervisor starts another."""
    if campaign.serving is not None:
        campaign.serving.process.send(signal.SIGKILL)


async def kill_controller_that_restores(campaign: Campaign) -> None:
    """kill -9 in the midst of a restore, if there is one soon."""
    serving = campaign.serving
    if serving is None:
        return
    said = len(serving.process.said)
    for _ in range(200):
        if any("restores snapshot" in line for line in serving.process.said[said:]):
            serving.process.send(signal.SIGKILL)
            return
        await asyncio.sleep(0.01)


async def kill_unheard(campaign: Campaign) -> None:
    """The controller dies while one voter has not heard its last words, and never will."""
    serving = campaign.serving
    if serving is None:
        return
    wire = campaign.draw.choice(list(serving.wires.values()))
    wire.swallow()
    await _later(campaign, 0.02, 0.3)
    serving.process.send(signal.SIGKILL)
    wire.drop()


async def freeze_controller(campaign: Campaign) -> None:
    """SIGSTOP; another one takes over; then the first wakes up, and must not answer any more."""
    serving, client = campaign.serving, campaign.client
    if serving is None or client is None or not serving.process.alive:
        return
    serving.process.send(signal.SIGSTOP)
    campaign.taken.clear()
    campaign.successor.set()
    await campaign.taken.wait()
    probing = asyncio.ensure_future(_probe(campaign, serving.process.name, client))
    serving.process.send(signal.SIGCONT)
    await probing
    await serving.process.end()


async def split(campaign: Campaign) -> None:
    """The controller keeps one replica, and a successor gets the others: who answers?"""
    serving, client = campaign.serving, campaign.client
    if serving is None or client is None or not serving.process.alive:
        return
    kept = campaign.draw.choice(campaign.rig.replicas)
    for name, wire in serving.wires.items():
        if name != kept:
            wire.swallow()
    campaign.apart = kept
    campaign.taken.clear()
    campaign.successor.set()
    try:
        await asyncio.wait_for(campaign.taken.wait(), 10 * campaign.rig.shape.deadline)
        await _later(campaign, 0.2, 0.5)
        if campaign.serving is not serving:
            await _probe(campaign, serving.process.name, client)
    except TimeoutError:
        pass
    campaign.join()
    for wire in serving.wires.values():
        wire.heal()


async def _probe(campaign: Campaign, name: str, client: Client) -> None:
    """Nobody may answer on behalf of a controller that was replaced."""
    probes = [client.read(group * campaign.stride, 4096) for group in range(16)]
    _, _ = await asyncio.wait(probes, timeout=campaign.rig.shape.deadline / 2)
    for probe in probes:
        if probe.done() and probe.exception() is None:
            raise Violation(f"{name} answered a read asked for after its successor served")
        probe.cancel()


async def kill_with_controller(campaign: Campaign) -> None:
    """A voter and the controller at once: the successor can't know what the voter missed."""
    name = campaign.draw.choice(campaign.rig.names)
    if campaign.serving is not None:
        campaign.serving.process.send(signal.SIGKILL)
    await campaign.rig.kill_voter(name)
    await campaign.rig.start_voter(name)


async def two_controllers(campaign: Campaign) -> None:
    """A second controller is told to serve; it has to wait until the first one is gone."""
    campaign.successor.set()
    await _later(campaign, 0.5, 1.5)
    if campaign.serving is not None:
        campaign.serving.process.send(signal.SIGKILL)


async def cut(campaign: Campaign) -> None:
    """The connection to a voter breaks."""
    if campaign.serving is not None:
        campaign.draw.choice(list(campaign.serving.wires.values())).cut()


async def swallow(campaign: Campaign) -> None:
    """Nothing passes between the controller and a voter; then all of it does, late."""
    if campaign.serving is not None:
        wire = campaign.draw.choice(list(campaign.serving.wires.values()))
        wire.swallow()
        await _later(campaign, 0.05, 2 * campaign.rig.shape.deadline)
        wire.heal()


async def deliver_late(campaign: Campaign) -> None:
    """A connection's last words arrive when its replica is in sync again over another one."""
    if campaign.serving is not None:
        wire = campaign.draw.choice(list(campaign.serving.wires.values()))
        wire.hold()
        await asyncio.sleep(campaign.rig.shape.deadline + 1.5)
        wire.heal()


async def isolate(campaign: Campaign) -> None:
    """The controller reaches nobody while another one takes over; then everything arrives late."""
    serving = campaign.serving
    if serving is None:
        return
    for wire in serving.wires.values():
        wire.swallow()
    campaign.successor.set()
    await _later(campaign, 0.5, 3 * campaign.rig.shape.lease / 1000)
    for wire in serving.wires.values():
        wire.heal()


async def start_twice(campaign: Campaign) -> None:
    """A voter's directory is served already: a second process must refuse."""
    name = campaign.draw.choice(campaign.rig.names)
    if not campaign.rig.voters[name].alive:
        return
    where = f"unix:{campaign.rig.folder / 'twice.sock'}"
    status, said = await campaign.rig.try_run(
        "replica", "serve", str(campaign.rig.folder / name), "--listen", where
    )
    if not status or not any("another process" in line for line in said):
        raise Violation(f"voter {name} was started twice: {said}")


async def copy_voter(campaign: Campaign) -> None:
    """A copy of a voter's directory must not start."""
    name = campaign.draw.choice(campaign.rig.names)
    copy = campaign.rig.folder / "copy"
    await asyncio.to_thread(shutil.copytree, campaign.rig.folder / name, copy, copy_function=_copied)
    where = f"unix:{campaign.rig.folder / 'copy.sock'}"
    status, said = await campaign.rig.try_run("replica", "serve", str(copy), "--listen", where)
    await asyncio.to_thread(shutil.rmtree, copy)
    if not status or not any("copy" in line for line in said):
        raise Violation(f"a copy of voter {name} was started: {said}")


def _copied(source: str, target: str) -> None:
    """What a live replica removed meanwhile is in no copy of it."""
    with contextlib.suppress(FileNotFoundError):
        shutil.copy2(source, target)


async def full_disk(campaign: Campaign) -> None:
    """A replica's disk is full for a while (needs `verify.faulty`)."""
    process = campaign.rig.voters[campaign.draw.choice(campaign.rig.replicas)]
    process.send(signal.SIGUSR1)
    await _later(campaign)
    process.send(signal.SIGHUP)


async def failing_disk(campaign: Campaign) -> None:
    """A replica's syncs fail; it stays failed until somebody mends it (needs `verify.faulty`)."""
    name = campaign.draw.choice(campaign.rig.replicas)
    campaign.failing.add(name)
    campaign.rig.voters[name].send(signal.SIGUSR2)
    await _later(campaign)
    await campaign.mend(name)
    await campaign.rig.start_voter(name)


PROCESSES: tuple[Trouble, ...] = (
    kill_voter,
    kill_voter,
    kill_two,
    stop_voter,
    kill_controller,
    kill_unheard,
    freeze_controller,
    two_controllers,
    cut,
    swallow,
    deliver_late,
    isolate,
    split,
    kill_with_controller,
    start_twice,
    copy_voter,
)
DISKS: tuple[Trouble, ...] = (
    kill_voter,
    kill_voter,
    kill_two,
    blackout,
    kill_controller,
    kill_with_controller,
    cut,
    swallow,
    deliver_late,
    full_disk,
    failing_disk,
)


def trouble(kinds: Sequence[Trouble], *, pause: float = 1.0) -> Trouble:
    """One trouble after the other, for ever, with pauses in which the volume may heal or not."""

    async def nemesis(campaign: Campaign) -> None:
        while True:
            await _later(campaign, 0.1 * pause, 2 * pause)
            kind = campaign.draw.choice(kinds)
            campaign.report.troubles[kind.__name__] += 1
            await kind(campaign)

    return nemesis
