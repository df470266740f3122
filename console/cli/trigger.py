"""``navarch trigger``: one run of a cron job now."""

from __future__ import annotations

from console.cli.acts import act_command

app = act_command("trigger", help="Run cron jobs once, now, beside their schedule.", kind="cronjobs")
