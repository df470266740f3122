"""How much memory a large replica takes: 1 TiB, 100 GiB of it written in pieces, four snapshots."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

MARK = 150
PROGRAM = """
import random, sys
from pathlib import Path
from blockengine.cli.place import here
from blockengine.membership.ballot import Ballot
from blockengine.membership.record import Epoch, Member, Position, Record, Voter
from blockengine.replica.creating import create_replica
from blockengine.replica.files import RealDirectory
from blockengine.replica.layer import BLOCK, CHUNK, DATA
from blockengine.replica.replica import Replica

TIB, WRITTEN = 1 << 40, 100 << 30
at = Position(Epoch(1, 1), 1)
record = Record("v", "l", at, (Voter("a", 1),), (Member("a", "x", at),), size=TIB)
ballot = Ballot("a", 1, at.epoch, record=record)
replica = create_replica(RealDirectory(Path(sys.argv[1])), ballot, volume="v", size=TIB, place=here())
chunks = TIB // BLOCK // CHUNK
# Maps as if written in pieces all over the volume, a fifth of it before each snapshot and after the last.
each = WRITTEN // BLOCK // chunks // 5
states = bytes((DATA,)) * each
for layer in range(5):
    for chunk in range(chunks):
        replica.store.top.set_states(chunk * CHUNK + layer * each, states)
    if layer < 4:
        replica.cut(layer + 1)
draw = random.Random(1)
for _ in range(60_000):
    chunk = draw.randrange(chunks)
    replica.allocation(chunk * CHUNK * BLOCK, 16 * BLOCK, draw.choice((0, 0, 0, 1, 2, 3)))
# Every region marked, as after a long absence of another replica.
replica.ledger.intent.marked.update(range(replica.regions))
for line in Path("/proc/self/status").read_text().splitlines():
    if line.startswith("VmRSS"):
        print(int(line.split()[1]) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_large_replica_stays_within_its_memory(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert not done.returncode, done.stderr
    used = int(done.stdout)
    print(f"{used} MB of {MARK}")
    assert used <= MARK
