"""What all commands of ``navarch engine`` share: asking the engine, waiting for jobs, printing."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from backend.text import safe_text
from console.cli.tables import print_json, print_table

if TYPE_CHECKING:
    from backend.storage.engine import BlockEngine
    from backend.storage.model import Job

Item = TypeVar("Item")


class Form(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Form, typer.Option("-o", "--output", help="table, json or yaml.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask; needed without a terminal.")]


def engine() -> BlockEngine:
    """The engine of this user on this machine; it need not run."""
    from backend.storage.engine import BlockEngine

    return BlockEngine()


def show(
    items: Sequence[Item], form: Form, titles: Sequence[str], row: Callable[[Item], Sequence[object]]
) -> None:
    """A list as a table, or whole as JSON or YAML."""
    if form == Form.TABLE:
        if titles:
            print_table(titles, [row(item) for item in items])
        else:
            for item in items:
                sys.stdout.write("   ".join(safe_text(cell) for cell in row(item)) + "\n")
            sys.stdout.flush()
        return
    whole(items, form)


def whole(value: object, form: Form) -> None:
    """Plain data as JSON or YAML."""
    import msgspec

    plain: Any = msgspec.to_builtins(value)
    if form == Form.JSON:
        print_json(plain)
        return
    from backend.resources.document import to_yaml

    sys.stdout.write(to_yaml(plain))


@contextlib.contextmanager
def progress_line() -> Iterator[Callable[[Job], None]]:
    """Tells how far a job is in one line of stderr while a person looks; the line goes at the end."""
    from backend.storage import words

    live = sys.stderr.isatty()
    width = 0

    def told(now: Job) -> None:
        nonlocal width
        if live:
            room = shutil.get_terminal_size().columns - 1
            line = safe_text(words.job(now))[:room]
            sys.stderr.write(f"\r{line:<{width}}")
            sys.stderr.flush()
            width = len(line)

    try:
        yield told
    finally:
        if live and width:
            sys.stderr.write("\r" + " " * width + "\r")
            sys.stderr.flush()


async def finished(job: Job) -> Job:
    """A job once it ended; its progress goes to stderr while a person looks. Raises StorageFailure."""
    with progress_line() as told:
        return await engine().finished(job, told)
