"""``navarch suspend``: no new runs of a cron job."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("suspend", help="Suspend cron jobs: no new runs.", kind="cronjobs")
