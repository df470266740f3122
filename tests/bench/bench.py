"""What a bench is: one file in ``tests/bench/benches`` with a function ``measure(place)`` and a docstring."""

from __future__ import annotations

import contextlib
import importlib
import os
import pkgutil
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.bench.table import Line
from tests.real import binaries, workload
from tests.real.rig import Rig

BENCHES = Path(__file__).parent / "benches"

Measure = Callable[["Place"], list[Line]]


class Place:
    """Where benches run: a scratch folder, an environment, real clusters (started when first asked for)."""

    def __init__(self) -> None:
        self._closing = contextlib.ExitStack()
        self._rig: Rig | None = None
        self._filled: tuple[int, int] | None = None

    def __enter__(self) -> Place:
        self.folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="navarch-bench-")))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def environment(self) -> dict[str, str]:
        """For measured programs: nothing of the user's, every cache in the scratch folder."""
        home = {"HOME": str(self.folder), "NAVARCH_HOME": str(self.folder / "navarch")}
        return {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            **home,
        }

    @property
    def navarch(self) -> list[str]:
        """The command under test, as it is installed beside this Python; else this tree's."""
        beside = shutil.which("navarch", path=os.path.dirname(sys.executable))
        return [beside] if beside else [sys.executable, "-m", "console"]

    def rig(self) -> Rig:
        """Two real clusters.

        :raises Unavailable: this machine can't run them.
        """
        if self._rig is None:
            self._rig = self._closing.enter_context(Rig(binaries.find()))
        return self._rig

    def filled_rig(self, *, pods: int = 10_000, size: int = 5_000) -> Rig:
        """The same, with `pods` running pods of about `size` bytes each in the first cluster."""
        rig = self.rig()
        if self._filled is None:
            workload.fill(rig.clusters[0], pods=pods, size=size, progress=binaries.to_stderr)
            self._filled = (pods, size)
        if self._filled != (pods, size):
            raise ValueError(f"the cluster already holds {self._filled[0]} pods of {self._filled[1]} bytes")
        return rig


def find() -> dict[str, Measure]:
    """Every bench by name."""
    names = sorted(module.name for module in pkgutil.iter_modules([str(BENCHES)]))
    return {name: importlib.import_module(f"tests.bench.benches.{name}").measure for name in names}
