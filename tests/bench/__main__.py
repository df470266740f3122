"""``python -m tests.bench [NAME…]``: measures Navarch beside a named peer in one run and prints the ratios.

Ratios travel between machines, times do not: nothing here fails because something was slow. Exit status 1: a
bench could not run (the reason is on stderr), the others are still printed.
"""

from __future__ import annotations

import os
import signal
import sys

from tests.bench import bench
from tests.bench.measure import Failed
from tests.bench.table import Line, render
from tests.real.processes import Died
from tests.real.toolchain import Unavailable


def main(names: list[str]) -> int:
    """Run the named benches, or all."""
    known = bench.find()
    if unknown := [name for name in names if name not in known]:
        print(f"there is no bench {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    lines: list[tuple[str, Line]] = []
    failed = False
    with bench.Place() as place:
        for name in names or known:
            print(f"bench: {name}", file=sys.stderr, flush=True)
            try:
                lines += [(name, line) for line in known[name](place)]
            except (Unavailable, Failed, Died, TimeoutError) as reason:
                print(f"bench: {name} could not run: {reason}", file=sys.stderr, flush=True)
                failed = True
    print(
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; medians, taken in turns with the peer"
    )
    print(render(lines))
    return int(failed)


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)
    sys.exit(main(sys.argv[1:]))
