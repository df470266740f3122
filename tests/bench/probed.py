"""``python -m tests.bench.probed REPORT ARGUMENT…``: the console, with a probe of how long its loop is held.

The command line's own console on the terminal it is started in; only the probe is added. At the end REPORT
gets one JSON object: ``samples`` ([monotonic seconds, lag, our part of it], every 5 ms), ``peak`` (bytes).
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
"""(when, how long a moment's event had to wait); seconds."""


async def probe(samples: list[tuple[float, float, float]]) -> None:
    """Sleep, and note by how much it was too long: what any other event had to wait.

    The rest of a busy machine makes it longer too: the part of it that this thread was computing is ours.
    """
    while True:
        before, used = time.monotonic(), time.thread_time()
        await asyncio.sleep(EVERY)
        now = time.monotonic()
        lag = max(0.0, now - before - EVERY)
        samples.append((now, lag, min(lag, time.thread_time() - used)))


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
    samples: list[tuple[float, float, float]] = []

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
