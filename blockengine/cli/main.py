"""The command line of the block engine.

python -m blockengine replica create|show|scrub|serve DIRECTORY
python -m blockengine volume create|serve|show|force --voter ADDRESS …
python -m blockengine ask SOCKET VERB [FIELD=JSON …]
python -m blockengine local HOME
python -m blockengine bridge FROM --socket PATH
python -m blockengine nbd DIRECTORY --socket PATH | --port NUMBER
python -m blockengine verify [--operations N] [--disks]
python -m blockengine recover FOLDER…
"""

from __future__ import annotations

import argparse
import re
import sys

from blockengine.cli import ask, bridge, local, nbd, recover, replica, verify, volume
from blockengine.replica.replica import Damaged, Failed, Misplaced
from blockengine.volume.device import Refusal

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size(text: str) -> int:
    """Bytes, or a number with K, M, G or T (powers of 1024)."""
    matched = re.fullmatch(r"([0-9]{1,18})([KMGT]?)(?:iB|B)?", text)
    if matched is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 1073741824, 1024M or 1G")
    return int(matched[1]) * _UNITS[matched[2]]


def main(arguments: list[str] | None = None) -> int:
    """Run a command; its exit status. What goes wrong is told in one line on standard error."""
    parser = argparse.ArgumentParser(prog="python -m blockengine", description="Navarch's block engine")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    replica.add(commands, size)
    volume.add(commands)
    local.add(commands)
    ask.add(commands)
    bridge.add(commands)
    nbd.add(commands)
    verify.add(commands)
    recover.add(commands)
    chosen = parser.parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except BlockingIOError:
        return _told(f"{chosen.directory}: another process has this replica open")
    except (Damaged, Failed, Misplaced, Refusal, ValueError, OSError) as error:
        return _told(f"{chosen.directory}: {error}")
    except KeyboardInterrupt:
        return 130


def _told(message: str) -> int:
    print(f"blockengine: {message}", file=sys.stderr)
    return 1
