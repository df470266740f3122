"""Which code the processes of a volume run: asked once of each, for after an upgrade some are older."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from blockengine.local.children import Child
from blockengine.protocol.address import Address
from blockengine.protocol.admin import Status, VolumeStatus
from blockengine.protocol.messages import Hello, Identity
from blockengine.protocol.speech import Speech, misfit, ours
from blockengine.volume.asking import Declined, Silent, asking
from blockengine.volume.link import Link, Unanswered
from blockengine.volume.peer import connect

if TYPE_CHECKING:
    from blockengine.local.volumes import LocalVolume

CONTROLLER = "controller"
_DEADLINE = 2.0


class Heard(NamedTuple):
    """What a process speaks; or, in its words, why it speaks not with us."""

    speech: Speech
    refusal: str = ""


class Hearing:
    """What each process said that it speaks, by its number: another process is asked anew."""

    def __init__(self, volume: LocalVolume) -> None:
        self._volume = volume
        self._heard: dict[str, tuple[int, Heard]] = {}
        self._asking: asyncio.Task[None] | None = None

    def _of(self, name: str) -> Heard | None:
        """What the process that runs now said; None if it was not asked yet."""
        child = self._children.get(name)
        pid, heard = self._heard.get(name, (0, None))
        return heard if child is not None and child.pid == pid else None

    def speech(self, name: str) -> Speech | None:
        """What a voter or the controller speaks; None if that is not known of the process that runs now."""
        heard = self._of(name)
        return heard.speech if heard is not None else None

    @property
    def others(self) -> list[str]:
        """Voters, then the controller, that run other code than this engine."""
        return [name for name in self._children if self.is_other(name)]

    def is_other(self, name: str) -> bool:
        """Whether it is known to run other code than this engine."""
        speech = self.speech(name)
        return speech is not None and (speech.version, speech.code) != (ours().version, ours().code)

    def misfit(self, name: str) -> str:
        """Why it can't work together with processes of this engine's code; nothing if it can."""
        heard = self._of(name)
        if heard is None:
            return ""
        return heard.refusal or misfit(heard.speech, who=name, we="the engine")

    @property
    def _children(self) -> dict[str, Child]:
        volume = self._volume
        controller = {CONTROLLER: volume.controller} if volume.controller is not None else {}
        return dict(sorted(volume.voters.items())) | controller

    def look(self) -> None:
        """Ask those that were not asked yet, while others go on."""
        if any(self._unheard()) and (self._asking is None or self._asking.done()):
            self._asking = asyncio.get_running_loop().create_task(self.listen())

    def _unheard(self) -> Iterator[tuple[str, int]]:
        for name, child in self._children.items():
            if child.pid and self.speech(name) is None:
                yield name, child.pid

    async def listen(self) -> None:
        """Ask those that were not asked yet; who does not answer is asked again another time."""

        async def one(name: str, pid: int) -> None:
            heard = await (self._of_controller(pid) if name == CONTROLLER else _of_voter(self._volume, name))
            if heard is not None:
                self._heard[name] = (pid, heard)

        await asyncio.gather(*(one(name, pid) for name, pid in list(self._unheard())))

    async def _of_controller(self, pid: int) -> Heard | None:
        with contextlib.suppress(Silent, Declined):
            async with asking(Path(self._volume.admin)) as asker:
                status = cast(VolumeStatus, await asker.ask(Status(), deadline=_DEADLINE))
                return Heard(status.speech) if status.pid == pid else None
        return None

    async def close(self) -> None:
        """Ask nobody any more."""
        task, self._asking = self._asking, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def _of_voter(volume: LocalVolume, name: str) -> Heard | None:
    link = Link(deadline=_DEADLINE, lost=lambda link, why: None)
    try:
        async with asyncio.timeout(_DEADLINE):
            await connect(Address(Path(volume.voter_socket(name))), link, None)
            answer = await link.ask(Hello(ours()))
            return Heard(answer.speech) if isinstance(answer, Identity) else None
    except Unanswered as error:
        # An answer, but not who it is: it does not want to speak with code like ours.
        return None if link.why else Heard(Speech(), str(error))
    except (OSError, TimeoutError):
        return None
    finally:
        link.fail("asked and answered")
