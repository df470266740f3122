"""What can happen in a story: one Struct for each ``do:``, its fields are what a scenario file may say.

A new act is a Struct in a file here, and its name in ``Act`` below.
"""

from __future__ import annotations

from backend.demo.scenarios.acts.nodes import DiskPressure, LoseNode, RegainNode
from backend.demo.scenarios.acts.ordinary import OrdinaryLife
from backend.demo.scenarios.acts.pods import DeletePods
from backend.demo.scenarios.acts.servers import BreakServer, MendServer
from backend.demo.scenarios.acts.workloads import Deploy, Restart, RollOut, Scale

Act = (
    BreakServer
    | DeletePods
    | Deploy
    | DiskPressure
    | LoseNode
    | MendServer
    | OrdinaryLife
    | RegainNode
    | Restart
    | RollOut
    | Scale
)
"""Told apart by their field ``do``."""
