"""A campaign's own doings: what it left half done when it was stopped, it brings to an end."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from pathlib import Path

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
