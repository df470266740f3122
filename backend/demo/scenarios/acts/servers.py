"""What happens to API servers and the way to them."""

from __future__ import annotations

from backend.demo.controllers.plane import ControlPlane
from backend.demo.faults import Faults, faults_of
from backend.demo.scenarios.acts.happening import Happening


class BreakServer(Happening, tag="break-server", kw_only=True):
    faults: str
    """As on the command line: ``latency=300ms,status=503,share=20%``."""

    def __post_init__(self) -> None:
        super().__post_init__()
        faults_of(self.faults)

    def happen(self, plane: ControlPlane) -> None:
        plane.engine.cluster.faults.take(faults_of(self.faults))


class MendServer(Happening, tag="mend-server", kw_only=True):
    def happen(self, plane: ControlPlane) -> None:
        plane.engine.cluster.faults.take(Faults())
