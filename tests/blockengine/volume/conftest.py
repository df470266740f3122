from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blockengine.verify.rig import Rig, Shape
from tests.blockengine.volume.rigs import Made


@pytest.fixture
async def made() -> AsyncIterator[Made]:
    rigs: list[Rig] = []
    # A socket's path has room for some 100 bytes, which pytest's own folders use up.
    folder = Path(tempfile.mkdtemp(prefix="nv-"))

    async def make(shape: Shape) -> Rig:
        rigs.append(Rig(folder, shape))
        await rigs[-1].create()
        return rigs[-1]

    yield make
    for rig in rigs:
        await rig.close()
    shutil.rmtree(folder)
