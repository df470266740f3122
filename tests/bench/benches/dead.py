"""What dead clusters cost the living: twenty clusters, ten of them dead in the three ways that clusters die.

The living are two real API servers under five names each. Of the dead, some refuse connections, some never
answer the handshake of TCP (a firewall that drops), some accept and then say nothing (half-open).
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import statistics
import subprocess
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.bench import Place
from tests.bench.dead_ports import dead_ports
from tests.bench.measure import Failed
from tests.bench.table import Line, seconds
from tests.real.control_plane import kubeconfig
from tests.real.rig import Rig

LIVE = 10
GOAL = 1.0
_REFUSING, _DROPPING, _SILENT = 4, 3, 3
_ROUNDS = 5
_DEADLINE = 60.0


def measure(place: Place) -> list[Line]:
    """One line: time until all live clusters' rows are printed, against the same without any dead one."""
    rig = place.rig()
    live = [f"live-{number}" for number in range(LIVE)]
    with dead_ports(refusing=_REFUSING, dropping=_DROPPING, silent=_SILENT) as ports:
        config = _config(rig, live, ports)
        mixed, alone = place.folder / "mixed.json", place.folder / "alone.json"
        mixed.write_text(json.dumps(config))
        alone.write_text(json.dumps({**config, "contexts": config["contexts"][-LIVE:]}))
        times: dict[Path, list[float]] = {mixed: [], alone: []}
        for turn in range(_ROUNDS + 1):
            for file, taken in times.items():
                command = [*place.navarch, "get", "namespaces", "--kubeconfig", str(file)]
                measured = _time_to_rows(command, place.environment, live)
                if turn:
                    taken.append(measured)
    ours, peer = (statistics.median(times[file]) for file in (mixed, alone))
    what = f"rows of {LIVE} live clusters beside {len(ports)} dead ones, against alone"
    return [Line(what, seconds(ours), seconds(peer), ours / peer, f"≤ {GOAL:.0f} s", ours <= GOAL)]


def _time_to_rows(command: Sequence[str], environment: dict[str, str], clusters: Sequence[str]) -> float:
    """Seconds from the start of `command` until it has printed a row of each of `clusters`."""
    missing, seen = set(clusters), b""
    with contextlib.ExitStack() as stack:
        words = stack.enter_context(tempfile.TemporaryFile())
        began = time.perf_counter()
        process = stack.enter_context(
            subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words
            )
        )
        try:
            assert process.stdout is not None
            with selectors.DefaultSelector() as selector:
                selector.register(process.stdout, selectors.EVENT_READ)
                while missing:
                    if not selector.select(max(0.0, began + _DEADLINE - time.perf_counter())):
                        raise Failed(f"no rows of {', '.join(sorted(missing))} after {_DEADLINE:.0f} s")
                    piece = os.read(process.stdout.fileno(), 65536)
                    if not piece:
                        words.seek(0)
                        said = words.read(2000).decode(errors="replace")
                        raise Failed(f"it ended without rows of {', '.join(sorted(missing))}: {said}")
                    seen += piece
                    missing -= {line.split()[0].decode() for line in seen.splitlines() if line.split()}
            return time.perf_counter() - began
        finally:
            process.kill()


def _config(rig: Rig, live: Sequence[str], dead_ports: Sequence[int]) -> dict[str, Any]:
    """The dead ones first: whoever asks in order meets them first."""
    parts = kubeconfig([(plane, plane.admin(), "admin") for plane in rig.clusters])
    clusters, contexts = [], []
    template = parts["clusters"][0]["cluster"]
    for number, port in enumerate(dead_ports):
        clusters.append(
            {"name": f"dead-{number}", "cluster": {**template, "server": f"https://127.0.0.1:{port}"}}
        )
        contexts.append(
            {
                "name": f"dead-{number}",
                "context": {"cluster": f"dead-{number}", "user": parts["users"][0]["name"]},
            }
        )
    for number, name in enumerate(live):
        turn = number % len(rig.clusters)
        clusters.append({"name": name, "cluster": parts["clusters"][turn]["cluster"]})
        contexts.append({"name": name, "context": {"cluster": name, "user": parts["users"][turn]["name"]}})
    return {**parts, "clusters": clusters, "contexts": contexts, "current-context": live[0]}
