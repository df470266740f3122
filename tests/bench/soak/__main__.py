"""``python -m tests.bench.soak [--minutes N | --rests N]``: exit status 1 when something grew or was wrong.

Prints one JSON object: what was done, what was held at each rest, and by how much it grows per restart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

from tests.bench.feeder.process import feeding

ACTS = 25
"""Between two rests."""
RATE = 200.0


async def soak(folder: Path, *, clusters: int, pods: int, minutes: float, rests: int, seed: int) -> int:
    """Soak for so many minutes, or so many rests if any; the exit status."""
    from tests.bench.soak.day import Day
    from tests.bench.soak.footprint import Footprint
    from tests.bench.soak.trend import DAY, growth

    seen: list[Footprint] = []
    with feeding(clusters=clusters, pods=pods, seed=seed) as feeder:
        async with Day(feeder, folder, seed=seed) as day:
            end = (began := time.monotonic()) + minutes * 60
            while len(seen) < rests if rests else time.monotonic() < end:
                feeder.tell(rate=RATE)
                for _ in range(ACTS):
                    await day.act()
                seen.append(await day.rest())
                print(f"soak: {len(seen)} rests, {seen[-1].memory / 1e6:.0f} MB", file=sys.stderr, flush=True)
            requests = feeder.tell().requests
    grown = growth(seen)
    said = {
        "verdict": grown.verdict,
        "flat": grown.flat,
        "acts": day.done,
        "requests": requests,
        "rests": len(seen),
        **{
            name: [getattr(one, name) for one in seen]
            for name in ("restarts", "memory", "blocks", "heap", "descriptors", "tasks", "threads")
        },
        "a day adds": {
            name: {"at most": round(one.most * DAY, 1), "probably": round(one.slope * DAY, 1)}
            for name, one in (("memory", grown.memory), ("blocks", grown.blocks), ("heap", grown.heap))
            if math.isfinite(one.most)
        },
        "more": grown.more,
        "seconds": round(time.monotonic() - began),
    }
    print(json.dumps(said))
    return 0 if said["flat"] else 1


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--rests", type=int, default=0, help="instead of minutes: so many rounds")
    parser.add_argument("--clusters", type=int, default=5)
    parser.add_argument("--pods", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--trace", type=int, default=0, help="print so many of the places that hold most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="navarch-soak-") as folder:
        os.environ["NAVARCH_HOME"] = folder
        for name in ("DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "XDG_RUNTIME_DIR"):
            os.environ.pop(name, None)
        if options.trace:
            tracemalloc.start(10)
        ended = asyncio.run(
            soak(
                Path(folder),
                clusters=options.clusters,
                pods=options.pods,
                minutes=options.minutes,
                rests=options.rests,
                seed=options.seed,
            )
        )
        if options.trace:
            for place in tracemalloc.take_snapshot().statistics("lineno")[: options.trace]:
                print(place, file=sys.stderr)
        return ended


if __name__ == "__main__":
    sys.exit(main())
