"""All commands of the command line, as they are registered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from console.cli.commands import COMMANDS, load

Click = Any


def leaves() -> dict[str, Click]:
    """``vault slot add``: the command, for every command that can be run."""
    found: dict[str, Click] = {}
    for name in COMMANDS:
        found.update(_below(name, get_command(load(name))))
    return found


def _below(path: str, command: Click) -> Iterator[tuple[str, Click]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, part in inner.items():
        yield from _below(f"{path} {name}", part)


def formats(command: Click) -> list[str]:
    """What ``-o`` takes; nothing where it takes a file, or there is none."""
    for param in command.params:
        if "-o" in param.opts:
            return [str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())]
    return []
