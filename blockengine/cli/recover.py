"""`recover`: what volumes there are below some folders, and how to start them again."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import Any

import msgspec

from blockengine.cli.place import here
from blockengine.disks.recovering import Part, VolumeFound, volumes
from blockengine.disks.scanning import scan


def add(commands: Any) -> None:
    """Add `recover` to the command line."""
    parser = commands.add_parser("recover", help="find volumes by their replicas alone; nothing is changed")
    parser.add_argument("directory", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    found = volumes(scan(chosen.directory, here()))
    if chosen.json:
        print(msgspec.json.format(msgspec.json.encode(found)).decode())
        return 0
    if not found:
        print("no replicas found")
        return 1
    print("\n\n".join("\n".join(_told(volume)) for volume in found))
    return 0


def _told(volume: VolumeFound) -> list[str]:
    lines = [f"volume {volume.volume or '?'}{f' ({volume.name})' if volume.name else ''}"]
    if volume.position:
        lines.append(
            f"  {volume.size} bytes, record {volume.position} of lineage {volume.lineages[0]}, {volume.state}"
        )
        names = [one.name for one in volume.catalog.snapshots] if volume.catalog is not None else ["unknown"]
        lines.append(f"  snapshots: {', '.join(names) or 'none'}")
    lines += [f"  {part.state:<9} {part.id or '?'} in {part.path}: {part.why}" for part in volume.parts]
    lines += [f"  missing   {name}" for name in volume.missing]
    lines.append(f"  {volume.advice}")
    usable = [part for part in volume.parts if part.usable and not part.served]
    lines += [f"    {_command(part)}" for part in usable]
    return lines


def _command(part: Part) -> str:
    path = shlex.quote(part.path)
    moved = " --moved" if part.moved else ""
    return f"python -m blockengine replica serve {path} --listen unix:{path}.sock{moved}"
