"""The command line of the block engine.

python -m blockengine replica create|show|scrub|serve DIRECTORY
python -m blockengine volume create|serve|show|force --voter ADDRESS …
python -m blockengine ask SOCKET VERB [FIELD=JSON …]
python -m blockengine local HOME
python -m blockengine bridge FROM --socket PATH
python -m blockengine nbd DIRECTORY --socket PATH | --port NUMBER
python -m blockengine verify [--operations N] [--disks]
python -m blockengine recover FOLDER…
python -m blockengine code
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from blockengine.replica.replica import Damaged, Failed, Misplaced
from blockengine.volume.device import Refusal

_COMMANDS = ("replica", "volume", "local", "ask", "bridge", "nbd", "verify", "recover", "code")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status. What goes wrong is told in one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m blockengine", description="Navarch's block engine")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    words = sys.argv[1:] if arguments is None else arguments
    _add(commands, words)
    chosen = parser.parse_args(words)
    try:
        return int(chosen.run(chosen))
    except BlockingIOError:
        return _told(f"{chosen.directory}: another process has this replica open")
    except (Damaged, Failed, Misplaced, Refusal, ValueError, OSError) as error:
        return _told(f"{chosen.directory}: {error}")
    except KeyboardInterrupt:
        return 130


def _add(commands: Any, words: Sequence[str]) -> None:
    """Add the command that is asked for, or all if that is none of them.

    A volume is half a dozen processes: each loads what it runs, not what the others do.
    """
    for name in words[:1] if words and words[0] in _COMMANDS else _COMMANDS:
        import_module(f"blockengine.cli.{name}").add(commands)


def _told(message: str) -> int:
    print(f"blockengine: {message}", file=sys.stderr)
    return 1
