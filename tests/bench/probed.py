"""``python -m tests.bench.probed REPORT ARGUMENT…``: the console, with a probe of how long its loop is held.

The command line's own console on the terminal it is started in; only the probe is added. At the end REPORT
gets one JSON object: ``samples`` ([monotonic seconds, lag in seconds], every 5 ms) and ``peak`` (bytes of
memory).
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

EVERY = 0.005

Samples = list[tuple[float, float]]


async def probe(samples: Samples) -> None:
    """Sleep, and note by how much it was too long: what any other event had to wait."""
    while True:
        before = time.monotonic()
        await asyncio.sleep(EVERY)
        now = time.monotonic()
        samples.append((now, max(0.0, now - before - EVERY)))


def quantile(samples: Samples, share: float, *, since: float = 0.0, until: float = float("inf")) -> float:
    """The lag that ``share`` of all moments stay below.

    A loop held for a second delays everything that happens within that second, though the probe notes it
    once: each sample counts for all the moments it covers.
    """
    lags: list[float] = []
    for at, lag in samples:
        if since <= at <= until:
            waited = lag
            while waited >= 0.0:
                lags.append(waited)
                waited -= EVERY
    lags.sort()
    return lags[min(len(lags) - 1, int(share * len(lags)))] if lags else 0.0


def main() -> int:
    report = Path(sys.argv[1])
    samples: Samples = []

    from console.terminal.traits import detect, prepare_environment

    prepare_environment(detect())
    from console.application import NavarchApp

    mounted = NavarchApp.on_mount

    def on_mount(app: NavarchApp) -> None:
        mounted(app)
        app._bench_probe = asyncio.create_task(probe(samples))  # type: ignore[attr-defined]

    NavarchApp.on_mount = on_mount  # type: ignore[method-assign]

    from console.cli.main import main as navarch

    sys.argv = ["navarch", *sys.argv[2:]]
    try:
        return int(navarch() or 0)
    finally:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        scale = 1 if sys.platform == "darwin" else 1024
        report.write_text(json.dumps({"samples": samples, "peak": peak * scale}))


if __name__ == "__main__":
    sys.exit(main())
