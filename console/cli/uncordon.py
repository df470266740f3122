"""``navarch uncordon``: pods on a node again."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("uncordon", help="Let pods be placed on nodes again.", kind="nodes")
