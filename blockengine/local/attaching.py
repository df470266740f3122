"""Volumes as block devices of this machine.

bridge (ours) ← nbd-client and the kernel's nbd, where it has that; else ← nbdfuse, which shows a
file, and a loop device over it. What is attached is read from the system itself (mounts, loop
devices, listening sockets): a record of it would be wrong after every crash.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal, Protocol

from msgspec.structs import replace

from blockengine.control.engine import Impossible
from blockengine.control.model import Attachment
from blockengine.local import system
from blockengine.local.children import tail
from blockengine.local.layout import Layout, socket_name
from blockengine.local.processes import Process, listener, running, spawn
from blockengine.local.volumes import PROGRAM, LocalVolume

_FILE = "disk"
_DEADLINE = 60.0
# So many devices of the kernel are tried.
_TRIES = 4


class Attachable(Protocol):
    """A volume, or a snapshot of one: that has an `export`, and can only be read."""

    attachment: Attachment | None

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def nbd(self) -> str: ...
    @property
    def export(self) -> str: ...
    @property
    def mount(self) -> str: ...
    @property
    def busy(self) -> str: ...


@dataclass(slots=True)
class Helper:
    """A process that an attachment needs."""

    what: str
    process: Process


class Attacher:
    """Attaches, detaches, and finds what was attached before us."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._helpers: dict[str, list[Helper]] = {}
        self._looked: set[str] = set()

    def _mount(self, volume: Attachable) -> Path:
        return self._layout.mounts / volume.mount

    def _bridge(self, volume: Attachable) -> str:
        return socket_name("bridge", volume.id)

    # Attaching.

    async def attach(self, volume: Attachable, *, by: str, block_size: int) -> Attachment:
        """Make a device. Raises: Impossible; then nothing is left of the attempt."""
        if volume.attachment is not None:
            raise Impossible(
                f"{volume.name} is attached as {volume.attachment.device} already",
                f"navarch engine volume detach {volume.name}",
            )
        by = system.way_to_attach(by)
        self._looked.add(volume.id)
        try:
            # Also for nbd-client, which needs none: the folder tells a later engine of a snapshot.
            self._mount(volume).mkdir(mode=0o700, exist_ok=True)
            await self._start_bridge(volume, block_size)
            if by == "nbd-client":
                device = await self._by_kernel(volume, block_size)
            else:
                device = await self._by_fuse(volume, block_size)
        except BaseException:
            await asyncio.shield(self._clear(volume))
            raise
        return replace(self._note(volume, device, by), other=system.other_way(by))

    @staticmethod
    def _note(volume: Attachable, device: str, by: str, *, broken: str = "") -> Attachment:
        state: Literal["attached", "broken"] = "broken" if broken else "attached"
        snapshot = volume.export.removeprefix("@")
        volume.attachment = Attachment(device, by, state, time.time(), broken, snapshot)
        return volume.attachment

    async def _start_bridge(self, volume: Attachable, block_size: int) -> None:
        socket = self._bridge(volume)
        export = ("--export", volume.export) if volume.export else ()
        words = ("bridge", volume.nbd, "--socket", socket, "--block-size", str(block_size), *export)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(socket)
        await self._helper(volume, "bridge", (*PROGRAM, *words))
        await self._until(volume, lambda: listener(Path(socket)) is not None, "the bridge did not start")

    async def _by_fuse(self, volume: Attachable, block_size: int) -> str:
        folder = self._mount(volume)
        address = f"nbd+unix:///?socket={self._bridge(volume)}"
        only_read = ("--readonly",) if volume.export else ()
        program = system.program("nbdfuse")
        await self._helper(volume, "nbdfuse", (program, *only_read, str(folder / _FILE), address))
        await self._until(volume, (folder / _FILE).exists, "nbdfuse showed no file")
        if os.geteuid() or not os.access("/dev/loop-control", os.W_OK):
            return str(folder / _FILE)
        only_read = ("--read-only",) if volume.export else ()
        words = ("losetup", "--find", "--show", "--sector-size", str(block_size), *only_read)
        return (await system.run(*words, str(folder / _FILE))).strip()

    async def _by_kernel(self, volume: Attachable, block_size: int) -> str:
        # The bridge of a snapshot says that it can only be read: the kernel then lets nobody write.
        refused: Impossible | None = None
        for device in islice(system.free_kernel_devices(), _TRIES):
            words = ("nbd-client", "-unix", self._bridge(volume), device, "-b", str(block_size))
            try:
                # By ioctl the client stays, and tells by its command line whose device it is.
                await system.run(*words, "-nonetlink")
                return device
            except Impossible as error:
                refused = error
            with contextlib.suppress(Impossible):
                await system.run(*words)  # before 3.17 there was nothing else, and no such option
                return device
            # Somebody else may have taken it meanwhile: the next one.
        by_fuse = f"navarch engine volume attach {volume.name} --by nbdfuse"
        if refused is not None:
            raise Impossible(str(refused), by_fuse, status=500)
        raise Impossible("every nbd device of the kernel is in use", by_fuse)

    async def _helper(self, volume: Attachable, what: str, words: tuple[str, ...]) -> None:
        log = self._layout.logs / f"{what}-{self._bridge(volume)}.log"
        process = await asyncio.to_thread(spawn, words, folder=self._layout.run, log=log)
        self._helpers.setdefault(volume.id, []).append(Helper(what, process))

    async def _until(self, volume: Attachable, condition: object, words: str) -> None:
        """Wait for a helper. Raises: Impossible if it ended, or takes too long."""
        assert callable(condition)
        loop = asyncio.get_running_loop()
        end = loop.time() + _DEADLINE
        helper = self._helpers[volume.id][-1]
        ended = asyncio.ensure_future(helper.process.ended())
        try:
            while not await asyncio.to_thread(condition):
                if ended.done() or loop.time() > end:
                    log = self._layout.logs / f"{helper.what}-{self._bridge(volume)}.log"
                    raise Impossible(f"{words}: {tail(log) or 'it said nothing'}", status=500)
                await asyncio.wait([ended], timeout=0.1)
        finally:
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)

    # Detaching.

    async def detach(self, volume: Attachable, *, force: bool = False) -> None:
        """Take the device away. Raises: Impossible while it is mounted, unless forced."""
        if volume.attachment is None:
            raise Impossible(f"{volume.name} is not attached")
        device = volume.attachment.device
        if not force and (where := system.mounted_at(device)):
            raise Impossible(f"{volume.name} is mounted at {where}", f"umount {where}, then detach it")
        if not force and await asyncio.to_thread(system.in_use, device):
            raise Impossible(
                f"{device} is in use",
                "By LVM, swap, or a mount in another namespace: end that, then detach it.",
            )
        if volume.attachment.state == "attached":
            await asyncio.to_thread(system.flush, device)
        await self._clear(volume)
        volume.attachment = None

    async def _clear(self, volume: Attachable) -> None:
        """Undo whatever there is of an attachment, in whatever state it is."""
        folder = self._mount(volume)
        for device in system.loops_over(folder / _FILE):
            await system.run("losetup", "--detach", device, check=False)
        if volume.attachment is not None and system.is_kernel_device(volume.attachment.device):
            await system.run("nbd-client", "-d", volume.attachment.device, check=False)
        if system.is_mount(folder):
            await system.unmount(folder)
        for helper in reversed(self._helpers.pop(volume.id, [])):
            await helper.process.end(patience=10)
            helper.process.close()
        with contextlib.suppress(OSError):
            folder.rmdir()

    # After a restart, and from time to time.

    def find_snapshots(self, volume: LocalVolume) -> None:
        """Those that may be attached: a folder tells of each, made before all else and removed last."""
        prefix = f"{volume.mount}@"
        folders = os.listdir(self._layout.mounts)
        names = {name.removeprefix(prefix) for name in folders if name.startswith(prefix)}
        names |= {name for name, one in volume.attached_snapshots.items() if one.attachment is not None}
        volume.attached_snapshots = {name: volume.snapshot(name) for name in sorted(names)}

    async def look(self, volume: Attachable) -> str:
        """Bring `volume.attachment` in line with the system; what changed, in words."""
        before = volume.attachment
        found = await asyncio.to_thread(self._found, volume)
        if volume.busy:
            return ""  # somebody began to attach or detach it meanwhile: what was seen is half of that
        if found is None:
            return await self._gone(volume, before)
        device, whole = found
        if whole and before is not None and before.device == device:
            return ""
        if whole:
            by = "nbd-client" if system.is_kernel_device(device) else "nbdfuse"
            self._note(volume, device, by)
            return f"{device} was attached by an earlier engine; it is kept"
        return await self._left_broken(volume, device)

    async def _left_broken(self, volume: Attachable, device: str) -> str:
        """A device whose processes ended: it goes, unless somebody still holds it."""
        if not system.mounted_at(device) and not system.in_use(device):
            volume.attachment = None
            await self._clear(volume)
            return f"{device} was left broken, and used by nobody: it was detached"
        if volume.attachment is not None and volume.attachment.state == "broken":
            return ""
        reason = "the process that carried its bytes ended"
        by = "nbd-client" if system.is_kernel_device(device) else "nbdfuse"
        self._note(volume, device, by, broken=reason)
        return f"{device} is broken: {reason}"

    async def _gone(self, volume: Attachable, before: Attachment | None) -> str:
        """Nothing is attached any more: what is left of it goes."""
        volume.attachment = None
        if before is None and volume.id not in self._helpers and not self._mount(volume).exists():
            return ""
        await self._clear(volume)
        return f"{before.device} is gone: someone else detached it" if before is not None else ""

    def _found(self, volume: Attachable) -> tuple[str, bool] | None:
        """(device, whether its helpers run) of what is attached; None if nothing is."""
        if volume.id not in self._looked:
            self._looked.add(volume.id)
            self._adopt(volume)
        kernel = system.kernel_device(self._bridge(volume))
        folder = self._mount(volume)
        loops = system.loops_over(folder / _FILE)
        if not kernel and not loops and not system.is_mount(folder):
            return None
        alive = {helper.what for helper in self._helpers.get(volume.id, ()) if helper.process.alive}
        if kernel:
            return kernel, "bridge" in alive
        return (loops[0] if loops else str(folder / _FILE)), alive >= {"bridge", "nbdfuse"}

    def _adopt(self, volume: Attachable) -> None:
        """Know the helpers of an earlier engine, so that a detach ends them."""
        marks = {
            "bridge": ("blockengine", "bridge", volume.nbd, "--socket", self._bridge(volume)),
            "nbdfuse": (str(self._mount(volume) / _FILE), f"nbd+unix:///?socket={self._bridge(volume)}"),
        }
        found = [Helper(what, process) for what, words in marks.items() for process in running(words)]
        if found:
            self._helpers[volume.id] = found

    def close(self) -> None:
        """Let the helpers run on."""
        for helpers in self._helpers.values():
            for helper in helpers:
                helper.process.close()
        self._helpers.clear()
