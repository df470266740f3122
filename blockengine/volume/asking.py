"""Asking a running controller, from another process (`protocol.admin`)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec

from blockengine.protocol import admin
from blockengine.protocol.admin import Verb


class Silent(Exception):
    """No controller answers at this socket."""


class Declined(Exception):
    """The controller said no; the message says why."""


class Asker:
    """One connection to a controller. Use `asking`. Questions may overlap."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._pending: dict[int, asyncio.Future[admin.Told]] = {}
        self._number = 0
        self._reading = asyncio.get_running_loop().create_task(self._read())

    async def ask(self, verb: Verb, *, deadline: float) -> Any:
        """The answer to a verb, in `deadline` seconds. Raises: Silent, Declined."""
        self._number = number = self._number + 1
        answer: asyncio.Future[admin.Told] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            if self._reading.done():
                raise Silent("the controller hung up")
            self._writer.write(admin.ask_line(number, verb))
            told = await asyncio.wait_for(answer, deadline)
            if told.error:
                raise Declined(told.error)
            return admin.decode_answer(type(verb), told.ok)
        except TimeoutError:
            raise Silent(f"no answer within {deadline:g} s") from None
        except (OSError, msgspec.DecodeError) as error:
            raise Silent(str(error)) from None
        finally:
            self._pending.pop(number, None)

    async def _read(self) -> None:
        why = "the controller hung up"
        try:
            while line := await self._reader.readline():
                told = admin.decode_told(line)
                answer = self._pending.get(told.id)
                if answer is not None and not answer.done():
                    answer.set_result(told)
        except (ValueError, OSError) as error:
            why = str(error)
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(Silent(why))

    async def close(self) -> None:
        """Hang up."""
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    @property
    def lost(self) -> bool:
        """Whether the controller hung up."""
        return self._reading.done()


async def connect(socket: Path) -> Asker:
    """A connection to a controller's admin socket. Raises: Silent."""
    try:
        return Asker(*await asyncio.open_unix_connection(str(socket), limit=admin.MAX_LINE))
    except OSError as error:
        raise Silent(f"{socket}: {error.strerror or error}") from None


@contextlib.asynccontextmanager
async def asking(socket: Path) -> AsyncIterator[Asker]:
    """The same, closed at the end. Raises: Silent."""
    asker = await connect(socket)
    try:
        yield asker
    finally:
        await asker.close()
