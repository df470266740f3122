"""The entry point: finds the one command that was asked for and imports only that.

``navarch --version`` and completion must feel instant on a slow jump host, so nothing heavy is imported
before the command is known; without a command the console opens.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from backend import __version__


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code (see ``console.cli.exits``)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _replace_closed_streams()
    if arguments in (["--version"], ["-V"]):
        print(f"navarch {__version__}")
        return 0
    from console.cli.failures import guarded

    return guarded(lambda: _run(arguments))


def _replace_closed_streams() -> None:
    """A stream that was closed (``>&-``) is None in Python, and words for stderr would go to stdout."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - until the end


def _run(arguments: list[str]) -> int:
    if not arguments and "_NAVARCH_COMPLETE" not in os.environ:
        # Most starts: the console's first picture must not wait for a command parser.
        from console.cli.open import open_console

        return open_console(kubeconfig=None, read_only=False)
    from console.cli.root import root_command

    result = root_command().main(args=arguments, prog_name="navarch", standalone_mode=False)
    return result if isinstance(result, int) else 0
