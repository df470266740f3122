"""`ask`: ask a running controller something, or tell it to do something."""

from __future__ import annotations

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

import msgspec

from blockengine.protocol import admin
from blockengine.protocol.admin import ANSWERS
from blockengine.volume.asking import Declined, Silent, asking


def add(commands: Any) -> None:
    """Add `ask` to the command line."""
    parser = commands.add_parser("ask", help="ask or tell a running controller, by its --admin socket")
    parser.add_argument("directory", type=Path, metavar="SOCKET")
    parser.add_argument("verb", choices=sorted(verb.__name__ for verb in ANSWERS))
    parser.add_argument("field", nargs="*", metavar="FIELD=JSON", help="what the verb takes: after=12")
    parser.add_argument("--deadline", type=float, default=3600.0, help="seconds it may take")
    parser.set_defaults(run=_run)


def _run(chosen: argparse.Namespace) -> int:
    verb = _verb(chosen.verb, chosen.field)

    async def work() -> object:
        async with asking(chosen.directory) as asker:
            return await asker.ask(verb, deadline=chosen.deadline)

    try:
        answer = asyncio.run(work())
    except (Declined, Silent) as error:
        raise ValueError(str(error)) from None
    print(msgspec.json.format(msgspec.json.encode(answer)).decode())
    return 0


def _verb(name: str, fields: list[str]) -> admin.Verb:
    """The verb. Raises: ValueError for fields that it does not take."""
    values: dict[str, object] = {"verb": name}
    for field in fields:
        key, equals, value = field.partition("=")
        if not equals:
            raise ValueError(f"{field!r} is no FIELD=JSON")
        try:
            values[key] = json.loads(value)
        except ValueError:
            values[key] = value
    try:
        return admin.decode_verb(msgspec.Raw(msgspec.json.encode(values)))
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
