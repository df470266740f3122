"""The command tree, of which only the asked branch is imported; ``navarch`` alone opens the console."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer._click.shell_completion import CompletionItem  # Typer exports these nowhere else
from typer._completion_classes import completion_init
from typer.core import TyperCommand, TyperGroup

from backend import __version__
from console.cli import acting
from console.cli.commands import COMMANDS, load

Click = Any
"""Typer carries its own copy of click and exports no type for contexts and commands."""


class PlainCommand(TyperCommand):
    """Shows an argument as its metavar says, not as a Python type in braces.

    A command that takes ``--kubeconfig`` reaches clusters, so it takes ``--as`` too.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        if any(param.name == "kubeconfig" for param in self.params):
            self.params += acting.options()

    def collect_usage_pieces(self, ctx: Click) -> list[str]:
        return ["[OPTIONS]", *(param.metavar or param.name.upper() for param in self._arguments())]

    def format_options(self, ctx: Click, formatter: Click) -> None:
        arguments = [(p.metavar or p.name.upper(), p.help or "") for p in self._arguments()]
        options = [p.get_help_record(ctx) for p in self.get_params(ctx) if p.param_type_name == "option"]
        for title, rows in (("Arguments", arguments), ("Options", list(filter(None, options)))):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)

    def _arguments(self) -> list[Click]:
        return [param for param in self.params if param.param_type_name == "argument"]


class PlainTyper(typer.Typer):
    """A Typer app whose commands are PlainCommands."""

    def command(self, name: str | None = None, **settings: Any) -> Click:
        return super().command(name, **{"cls": PlainCommand, **settings})


def new_app(help_text: str) -> typer.Typer:
    """A Typer app in the house's manner.

    Plain help (rich costs start-up time and colours that say nothing) and no ornate tracebacks: those print
    local variables, which may hold secrets.
    """
    return PlainTyper(
        help=help_text,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


class LazyCommands(TyperGroup):
    """Knows every command's name and help; imports a command's module when it is called."""

    def list_commands(self, ctx: Click) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Click, cmd_name: str) -> Click:
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(load(cmd_name))

    def shell_complete(self, ctx: Click, incomplete: str) -> list[Click]:
        names = (name for name in COMMANDS if name.startswith(incomplete))
        return [CompletionItem(name, help=COMMANDS[name].help) for name in names]

    def format_commands(self, ctx: Click, formatter: Click) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.help) for name, command in COMMANDS.items()])


def root_command() -> Click:
    completion_init()  # registers the shells; Typer does so only beside its --install-completion
    app = typer.Typer(
        cls=LazyCommands,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(_navarch)
    command: Click = typer.main.get_command(app)
    command.params += acting.options()
    return command


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"navarch {__version__}")
        raise typer.Exit


def _navarch(
    ctx: typer.Context,
    kubeconfig: Annotated[
        Path | None,
        typer.Option(help="Open on this kubeconfig, in memory only; nothing is stored.", metavar="FILE"),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse every change to any cluster.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Command a whole fleet of Kubernetes clusters from one terminal.

    Without a command the console opens: it asks to unlock the vault, or helps to create one.
    """
    if ctx.invoked_subcommand is None:
        from console.cli.open import open_console

        raise typer.Exit(open_console(kubeconfig=kubeconfig, read_only=read_only, acting_as=acting.chosen()))
    misplaced = {"--kubeconfig": kubeconfig is not None, "--read-only": read_only, "--as": acting.chosen()}
    for option in filter(misplaced.get, misplaced):
        where = f"put it after the command: navarch {ctx.invoked_subcommand} …"
        raise typer.BadParameter(where, param_hint=option)
