"""A campaign's own doings: what it left half done when it was stopped, it brings to an end."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from blockengine.verify import campaign as campaigns
from blockengine.verify.campaign import Campaign, Load
from blockengine.verify.rig import Rig, Shape


async def test_a_voter_whose_kill_was_cut_short_is_back_after_healing() -> None:
    folder = Path(tempfile.mkdtemp(prefix="nv-"))  # short: paths of sockets are
    rig = Rig(folder, Shape())
    campaign = Campaign(rig, Load(units=16), seed=1)
    try:
        await rig.create()
        rig.voters["r2"].send(signal.SIGKILL)
        assert rig.voters["r2"].alive, "nobody has waited for it yet"
        await campaign.heal()
    finally:
        await asyncio.shield(rig.close())
        shutil.rmtree(folder)


async def test_a_volume_that_answers_nothing_any_more_ends_the_campaign(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(campaigns, "_STANDSTILL", 5.0)
    folder = Path(tempfile.mkdtemp(prefix="nv-"))
    rig = Rig(folder, Shape())
    played = Campaign(rig, Load(operations=10**9, units=64), seed=1)

    async def stop_all(campaign: Campaign) -> None:
        while campaign.judge.checked < 100:
            await asyncio.sleep(0.01)
        for name in rig.names:
            rig.voters[name].send(signal.SIGSTOP)
        await asyncio.Event().wait()

    try:
        await rig.create()
        report = await asyncio.wait_for(played.play(stop_all), 120)
    finally:
        await asyncio.shield(rig.close())
        shutil.rmtree(folder)
    assert report.violation.startswith("nothing was answered for 5 s")
    assert report.operations >= 100
