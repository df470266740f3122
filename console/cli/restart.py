"""``navarch restart``: replace all pods of a workload, by its own strategy."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("restart", help="Restart rollouts: replace all pods by the workload's own strategy.")
