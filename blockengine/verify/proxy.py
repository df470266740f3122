"""A wire that can be cut: forwards a UNIX socket to another, until it is told not to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast


class _End(asyncio.Protocol):
    """One side of one connection. What it can't pass on yet is kept, in order."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.other: _End | None = None
        self.kept: list[bytes] = []
        self.held = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self.transport = cast("asyncio.Transport", transport)
        self._wire.ends.add(self)
        if self.other is None:
            asyncio.get_running_loop().create_task(self._wire.reach(self))

    def data_received(self, data: bytes) -> None:
        if self._wire.passing and not self.held and self.other is not None and not self.kept:
            self._pass(data)
        else:
            self.kept.append(data)

    def release(self) -> None:
        """Pass on what was kept."""
        kept, self.kept = self.kept, []
        for data in kept:
            self._pass(data)

    def _pass(self, data: bytes) -> None:
        far = self.other.transport if self.other is not None else None
        if far is not None and not far.is_closing():
            far.write(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._wire.ends.discard(self)
        if self._wire.passing and not self.held:
            self.hang_up()

    def hang_up(self) -> None:
        """Tell the other side that this one is gone."""
        if self.other is not None and self.other.transport is not None:
            self.other.transport.abort()


class Wire:
    """Between one controller and one voter. `passing` false: everything is swallowed for now."""

    def __init__(self, listen: Path, target: Path) -> None:
        self.path, self._target = listen, target
        self.passing = True
        self.ends: set[_End] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _End(self), str(self.path))

    async def reach(self, near: _End) -> None:
        """Connect the far side of a new connection."""
        far = _End(self)
        far.other = near
        try:
            await asyncio.get_running_loop().create_unix_connection(lambda: far, str(self._target))
        except OSError:
            if near.transport is not None:
                near.transport.abort()
            return
        near.other = far
        if self.passing:
            near.release()

    def swallow(self) -> None:
        """Pass nothing on, in both directions, though connections stay up."""
        self.passing = False

    def hold(self) -> None:
        """Pass on nothing of the connections there are, until `heal`; new ones work."""
        for end in self.ends:
            end.held = True

    def heal(self) -> None:
        """Pass on again, beginning with what was kept: late delivery."""
        self.passing = True
        for end in list(self.ends):
            end.held = False
            end.release()
            if end.other is not None and end.other not in self.ends:
                # It hung up meanwhile; what it said last comes first.
                end.other.release()
                end.other.hang_up()

    def drop(self) -> None:
        """Break every connection, and forget what was not passed on."""
        for end in list(self.ends):
            end.kept = []
        self.cut()

    def cut(self) -> None:
        """Break every connection; new ones may be made."""
        for end in list(self.ends):
            if end.transport is not None:
                end.transport.abort()

    def close(self) -> None:
        """Break everything for good."""
        if self._server is not None:
            self._server.close()
        self.cut()
