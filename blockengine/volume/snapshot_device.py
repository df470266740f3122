"""A snapshot as a device that can only be read."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import partial
from typing import Any, NoReturn

from blockengine.clock import now
from blockengine.membership.catalog import Snapshot
from blockengine.protocol import messages
from blockengine.protocol.messages import Control, MapView, ReadView
from blockengine.protocol.nbd import Code
from blockengine.protocol.wire import Kind, Status
from blockengine.replica.files import Bytes
from blockengine.volume.device import Refusal
from blockengine.volume.mending import mend_view
from blockengine.volume.office import Fenced, Office


class SnapshotDevice:
    """A `Device`. Each read goes to one member in sync, under the same lease as a live one."""

    read_only = True

    def __init__(self, office: Office, snapshot: Snapshot, block_size: int) -> None:
        self._office, self.snapshot, self.block_size = office, snapshot, block_size
        self._sent = 0

    @property
    def size(self) -> int:
        return self.snapshot.size

    async def read(self, offset: int, length: int) -> bytes:
        data: bytes = await self._ask(ReadView(self.snapshot.id, offset, length))
        return data

    async def allocation(self, offset: int, length: int) -> list[tuple[int, bool]]:
        found: list[tuple[int, bool]] = await self._ask(MapView(self.snapshot.id, offset, length))
        return found

    async def _ask(self, message: ReadView | MapView) -> Any:
        """The answer of some member; one whose copy is bad is passed over. Raises: Refusal."""
        office = self._office
        bad: set[str] = set()
        tried = False
        try:
            while True:
                await office.until(lambda: office.serving and bool(office.readable & office.sessions.keys()))
                self._check()
                names = sorted((office.readable & office.sessions.keys()) - bad)
                if not names and not tried:
                    # Every member has bad blocks, but perhaps not the same.
                    await self._repair(message)
                    tried, bad = True, set()
                    continue
                if not names:
                    raise Refusal(
                        Code.EIO, f"no replica has intact bytes of snapshot {self.snapshot.name} there"
                    )
                self._sent += 1
                answer = await self._ask_one(names[self._sent % len(names)], message, bad)
                if answer is not None:
                    if bad:
                        office.spawn(
                            f"repair of {self.snapshot.name} at {message.offset}",
                            partial(self._repair, message),
                        )
                    await office.until(lambda: now() < office.serve_until)
                    return answer
        except Fenced as fenced:
            raise Refusal(Code.ESHUTDOWN, str(fenced)) from None

    async def _repair(self, message: ReadView | MapView) -> None:
        where = f"snapshot {self.snapshot.name}"
        await mend_view(self._office, message.offset, message.length, view=self.snapshot.id, where=where)

    async def _ask_one(self, name: str, message: Control, bad: set[str]) -> Any | None:
        office = self._office
        session = office.sessions[name]
        status, body = await session.link.call(
            Kind.CONTROL, office.heads[name], payload=messages.encode(message)
        )
        if status == Status.OK and name in office.readable:
            return messages.decode_answer(type(message), body)
        if status == Status.ROTTEN:
            office.tell(f"{name} has bad blocks in snapshot {self.snapshot.name}")
            bad.add(name)
        elif status == Status.INVALID:
            self._check()
            raise Refusal(Code.EINVAL, session.link.words(status, body))
        elif status != Status.OK and office.sessions.get(name) is session:
            office.lose(name, f"a read failed: {session.link.words(status, body)}")
        return None

    def _check(self) -> None:
        catalog = self._office.catalog
        if catalog is None or self.snapshot.id not in catalog.ids:
            raise Refusal(Code.EIO, f"snapshot {self.snapshot.name} was deleted")

    def flush(self) -> Awaitable[None]:
        return _nothing()

    def write(self, offset: int, data: Bytes, *, durable: bool) -> NoReturn:
        self._refuse()

    def zero(self, offset: int, length: int, *, durable: bool) -> NoReturn:
        self._refuse()

    def discard(self, offset: int, length: int, *, durable: bool) -> NoReturn:
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise Refusal(Code.EPERM, f"snapshot {self.snapshot.name} can only be read")


async def _nothing() -> None:
    return
