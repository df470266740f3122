"""Real clusters for people: ``python -m tests.real up`` serves two until Ctrl-C or the end of its input.

``build`` only makes the programs, ``clean`` ends what killed runs left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from typing import Protocol

from tests.real import binaries, workload
from tests.real.node import images
from tests.real.node.cluster import NodeCluster
from tests.real.processes import clean_up_after_the_dead
from tests.real.rig import CLUSTERS, Rig
from tests.real.toolchain import Unavailable


def main() -> int:
    """Exit status 0 done, 1 when this machine can't run a real Kubernetes (the reason is on stderr)."""
    arguments = _arguments()
    try:
        if arguments.command == "clean":
            for folder in clean_up_after_the_dead():
                print(folder)
        elif arguments.command == "build":
            print(binaries.find().folder)
        else:
            _up(arguments)
    except Unavailable as reason:
        binaries.to_stderr(str(reason))
        return 1
    return 0


def _up(arguments: argparse.Namespace) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    watch_input = not arguments.ignore_input
    try:
        if arguments.node:
            _up_node(watch_input=watch_input)
        else:
            _up_rig(arguments, watch_input=watch_input)
    except KeyboardInterrupt:
        binaries.to_stderr("stopped")


def _up_rig(arguments: argparse.Namespace, *, watch_input: bool) -> None:
    names = [*CLUSTERS, *(f"real-{number}" for number in range(3, arguments.clusters + 1))][
        : arguments.clusters
    ]
    with Rig(binaries.find(), names) as rig:
        if arguments.pods:
            workload.fill(
                rig.clusters[0], pods=arguments.pods, size=arguments.size, progress=binaries.to_stderr
            )
        print(json.dumps(rig.describe()), flush=True)
        _serve([process for plane in rig.clusters for process in plane.processes], watch_input=watch_input)


def _up_node(*, watch_input: bool) -> None:
    with NodeCluster(binaries.find()) as cluster:
        told = {
            "kubeconfig": str(cluster.kubeconfig),
            "clusters": [cluster.plane.name],
            "kubectl": cluster.plane.binaries["kubectl"],
            "images": [images.BUSYBOX],
            "folder": str(cluster.root),
            "pid": os.getpid(),
        }
        print(json.dumps(told), flush=True)
        _serve([*cluster.plane.processes, cluster.runtime, cluster.kubelet], watch_input=watch_input)


class _Checked(Protocol):
    def check(self) -> None:
        """Raises Died when it has ended."""


def _serve(parts: Sequence[_Checked], *, watch_input: bool) -> None:
    ended = threading.Event()
    if watch_input:
        threading.Thread(target=_set_at_end_of_input, args=(ended,), daemon=True).start()
    while not ended.wait(1.0):
        for part in parts:
            part.check()


def _set_at_end_of_input(ended: threading.Event) -> None:
    sys.stdin.buffer.read()
    ended.set()


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.real", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("build", help="build the programs and print their folder")
    commands.add_parser("clean", help="end processes and remove folders of runs that were killed")
    up = commands.add_parser("up", help="serve real clusters; prints one JSON line when they are ready")
    up.add_argument("--clusters", type=int, default=2, help="how many (default 2)")
    up.add_argument("--pods", type=int, default=0, help="fill the first cluster with so many running pods")
    up.add_argument("--size", type=int, default=5000, help="bytes of JSON per pod (default 5000)")
    up.add_argument("--node", action="store_true", help="one cluster with a real node instead (Linux, root)")
    up.add_argument("--ignore-input", action="store_true", help="serve on when standard input ends")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
