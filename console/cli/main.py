"""The entry point: finds the one command that was asked for and imports only that.

``navarch --version`` and completion must feel instant on a slow jump host, so nothing heavy is imported
before the command is known; without a command the console opens.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend import __version__

if TYPE_CHECKING:
    import typer


@dataclass(frozen=True, slots=True)
class Command:
    module: str
    """Holds ``app``, a typer.Typer: one command or a group."""
    help: str


COMMANDS: dict[str, Command] = {
    "demo": Command("console.cli.demo", "Try Navarch on a simulated fleet; no cluster needed."),
    "vault": Command("console.cli.vault", "Create, unlock, lock, back up and check the encrypted store."),
    "cluster": Command(
        "console.cli.cluster", "Import clusters from kubeconfigs; list, test, tag, protect them."
    ),
    "get": Command("console.cli.get", "List resources of many clusters in one table."),
    "describe": Command("console.cli.describe", "Explain one object, with its events."),
    "yaml": Command("console.cli.yaml", "Print whole objects; secret values stay masked."),
    "delete": Command("console.cli.delete", "Delete objects, with preview and preconditions."),
    "journal": Command("console.cli.journal", "What was done through Navarch, by whom, to what."),
    "credential": Command("console.cli.credential", "Exec credential plugin: lets kubectl use the vault."),
    "kubeconfig": Command(
        "console.cli.kubeconfig", "Print a kubeconfig without secrets that asks the vault."
    ),
    "completion": Command("console.cli.completion", "Print the completion script for bash, zsh or fish."),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code (see ``console.cli.exits``)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments in (["--version"], ["-V"]):
        print(f"navarch {__version__}")
        return 0
    from console.cli.failures import guarded

    return guarded(lambda: _run(arguments))


def _run(arguments: list[str]) -> int:
    from console.cli.root import root_command

    result = root_command().main(args=arguments, prog_name="navarch", standalone_mode=False)
    return result if isinstance(result, int) else 0


def load(name: str) -> typer.Typer:
    """The Typer app of one command; raises KeyError for a name that is none."""
    app: typer.Typer = importlib.import_module(COMMANDS[name].module).app
    return app
