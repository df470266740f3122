"""A program for the tests in a pseudo-terminal: the real console on a fleet written by the test.

python -m tests.ui.stage [crash | changes | child | first | locked]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from console.session import Gate
from tests.ui.double import FleetDouble, SessionDouble, pod, rows_of

ROWS = 200
CHANGING = 20


class Fleet(FleetDouble):
    """Two hundred pods whose names, nodes and columns fill a wide terminal."""

    def __init__(self) -> None:
        pods = [pod(f"checkout-{i:04d}-7d4b9c8f6d-x{i:05x}", "payments", restarts=i % 9) for i in range(ROWS)]
        super().__init__({"pods": pods, "nodes": [], "events": [], "secrets": []}, names=("prod-eu",))


def crash() -> SessionDouble:
    session = SessionDouble(Fleet())

    def touch() -> None:
        passphrase = "canary-in-a-local-variable"  # what must never be printed
        raise RuntimeError(f"boom with {passphrase}")

    session.touch = touch  # type: ignore[method-assign]
    return session


class Child(SessionDouble):
    """A session with a child process, as the demo's is."""

    def __init__(self) -> None:
        super().__init__(Fleet())
        self._child = subprocess.Popen(["sleep", "600"])
        Path(sys.argv[2]).write_text(f"child {self._child.pid}")

    async def close(self) -> None:
        self._child.terminate()
        self._child.wait()


class Changing(SessionDouble):
    """Twenty rows change once on each ``space`` of the test (it marks a row: a key that costs little)."""

    def touch(self) -> None:
        super().touch()
        for query, table in self.fleet.tables:
            if query.kind == "pods" and query.clusters:
                self.round = getattr(self, "round", 0) + 1
                changed = [
                    pod(
                        f"checkout-{i:04d}-7d4b9c8f6d-x{i:05x}",
                        "payments",
                        restarts=self.round * 10 + i % 9,
                        waiting="CrashLoopBackOff" if self.round % 2 else "",
                    )
                    for i in range(CHANGING)
                ]
                table.push(*rows_of("pods", changed, cluster="prod-eu"))


def main() -> int:
    from console.app import run

    kind = sys.argv[1] if len(sys.argv) > 1 else ""
    sessions = {
        "crash": crash,
        "child": Child,
        "changes": lambda: Changing(Fleet()),
        "first": lambda: SessionDouble(gate=Gate.FIRST_START),
        "locked": lambda: SessionDouble(gate=Gate.LOCKED),
    }
    session = sessions.get(kind, lambda: SessionDouble(Fleet()))()
    return run(session)  # type: ignore[arg-type]


if __name__ == "__main__":
    sys.exit(main())
