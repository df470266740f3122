"""A volume as a device: which one, how it came to be, what to do with it, how to have it the other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from backend.text import safe_text
from console.cli.engine.acting import open_journal
from console.cli.engine.asking import engine, progress_line
from console.cli.exits import Exit
from console.cli.failures import say

if TYPE_CHECKING:
    from backend.storage.model import Attachment


async def attached_here(name: str, by: str) -> int:
    """Attach it; the device alone is printed on stdout."""
    from backend.storage import words
    from backend.storage.acts import carry_out, volumes

    asked = engine()
    made: list[Attachment] = []
    with open_journal() as journal, progress_line() as told:
        plan = await volumes.attach(asked, name, by=by, made=made.append)
        await carry_out(plan, journal=journal, told=told)
    attachment = made[0]
    typer.echo(safe_text(attachment.device))
    only_read = ", read-only" if attachment.snapshot else ""
    say(f"attached by {safe_text(words.way(attachment))}{only_read}", _first(attachment))
    if attachment.other:
        say(safe_text(attachment.other))
    return Exit.OK


def _first(attachment: Attachment) -> str:
    """What a person does with it first."""
    device = attachment.device
    if not device.startswith("/dev/"):
        return "Only root can make a block device of it; programs that read files can use it as it is."
    if attachment.snapshot:
        # Its journal was cut in the middle of use; the file system must not try to replay it.
        return f"mount -o ro,noload {device} /mnt"
    return f"mkfs.ext4 {device} && mount {device} /mnt"
