"""``navarch resume``: runs of a suspended cron job again."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("resume", help="Resume suspended cron jobs.", kind="cronjobs")
