"""docs/cli.md, made from the commands themselves: what ``--help`` says, in one page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from console.cli.commands import COMMANDS, load

Click = Any
"""Typer carries its own copy of click and exports no type for commands and parameters."""

_HEAD = """# The command line

Made from the commands (`tests/cli/test_page.py` says how to renew it). `navarch` alone opens the console;
`navarch COMMAND --help` says the same as this page. Every command takes `-h` and `--help`.
"""


def all_commands() -> dict[str, Click]:
    """``vault slot add`` and its command, for everything that can be called."""
    found: dict[str, Click] = {}
    for name in COMMANDS:
        found.update(_leaves(name, get_command(load(name))))
    return found


def _leaves(path: str, command: Click) -> Iterator[tuple[str, Click]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path, command
        return
    for name, part in inner.items():
        yield from _leaves(f"{path} {name}", part)


def cli_page() -> str:
    """The page as Markdown."""
    return _HEAD + "".join(_section(path, command) for path, command in all_commands().items())


def _section(path: str, command: Click) -> str:
    usage = " ".join(_name(param) for param in command.params if param.param_type_name == "argument")
    told = " ".join((command.help or "").split())
    parts = [f"## navarch {path} {usage}".rstrip(), told]
    shown = [param for param in command.params if not getattr(param, "hidden", False)]
    parts.append("\n".join(f"- `{_name(param)}`: {' '.join((param.help or '').split())}" for param in shown))
    parts.append(" ".join((command.epilog or "").split()))
    return "\n" + "\n\n".join(filter(None, parts)) + "\n"


def _name(param: Click) -> str:
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    value = "" if param.is_flag else f" {param.metavar or '|'.join(_choices(param)) or 'VALUE'}"
    return ", ".join(param.opts) + value


def _choices(param: Click) -> list[str]:
    return [str(getattr(choice, "value", choice)) for choice in getattr(param.type, "choices", ())]
