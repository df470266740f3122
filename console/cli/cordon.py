"""``navarch cordon``: no new pods on a node."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("cordon", help="Place no new pods on nodes; those there stay.", kind="nodes")
