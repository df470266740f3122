"""``navarch completion SHELL``: the script that teaches a shell to complete Navarch's commands."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from console.cli.root import new_app


class Shell(StrEnum):
    bash = "bash"
    zsh = "zsh"
    fish = "fish"


app = new_app("Print the completion script for bash, zsh or fish.")


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="Whose script to print.")]) -> None:
    """Print the completion script; load it with: source <(navarch completion bash)."""
    from typer._completion_shared import get_completion_script

    sys.stdout.write(
        get_completion_script(prog_name="navarch", complete_var="_NAVARCH_COMPLETE", shell=shell.value) + "\n"
    )
