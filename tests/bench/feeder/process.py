"""A feeder as a child process."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from tests.bench.feeder.orders import Act, Command, Report

_STOP_DEADLINE = 10.0


class Feeder:
    """The parent's hand on it."""

    def __init__(self, kubeconfig: Path, *, orders: IO[bytes], answers: IO[bytes], clusters: int) -> None:
        self.kubeconfig = kubeconfig
        self.everyone = range(clusters)
        self._orders = orders
        self._answers = answers

    def tell(
        self,
        do: Act = "",
        clusters: Sequence[int] = (),
        *,
        rate: float | None = None,
        code: int = 429,
        times: int = 1,
    ) -> Report:
        """Give an order and wait until it is carried out."""
        command = Command(do=do, clusters=list(clusters), rate=rate, code=code, times=times)
        self._orders.write(msgspec.json.encode(command) + b"\n")
        self._orders.flush()
        return msgspec.json.decode(self._answers.readline(), type=Report)


@contextlib.contextmanager
def feeding(*, clusters: int, pods: int, seed: int = 1) -> Iterator[Feeder]:
    """A running feeder; its process ends with the block, or with this process."""
    command = [sys.executable, "-m", "tests.bench.feeder"]
    command += ["--clusters", str(clusters), "--pods", str(pods), "--seed", str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            said = json.loads(process.stdout.readline())
            yield Feeder(
                Path(said["kubeconfig"]), orders=process.stdin, answers=process.stdout, clusters=clusters
            )
        finally:
            process.stdin.close()
            try:
                process.wait(_STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
