"""Pools: directories that keep replicas.

What stands in them is the truth; the list of their paths is a cache.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec import Struct

from blockengine.control.engine import Impossible
from blockengine.control.model import Pool as PoolView
from blockengine.control.model import PoolState
from blockengine.replica.peek import Seen, peek
from blockengine.replica.replica import Place

MARK, REPLICAS, TRASH, TOMBSTONES = "navarch-pool", "replicas", "trash", "deleted"
_FORMAT = 1
_LOOK_DEADLINE = 10.0
_RESERVE = 64 << 20
_USABLE: tuple[PoolState, ...] = ("healthy", "full", "read-only")
NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


class Marker(Struct, frozen=True):
    """The file that makes a directory a pool. `kin` are the paths of the others: one pool leads to all."""

    format: int
    id: str
    name: str
    made: float
    kin: tuple[str, ...] = ()


class Known(Struct, frozen=True):
    """A pool that we were told of."""

    id: str
    name: str
    path: str


@dataclass(slots=True)
class Pool:
    """A pool and what the last look found in it. `gone` counts the looks in a row that found nothing."""

    known: Known
    state: PoolState = "healthy"
    reason: str = ""
    total: int = 0
    free: int = 0
    used: int = 0
    device: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)
    unreadable: dict[str, str] = field(default_factory=dict)
    tombstones: frozenset[str] = frozenset()
    sizes: dict[str, int] = field(default_factory=dict)
    gone: int = 0
    looking: asyncio.Future[None] | None = None

    @property
    def path(self) -> Path:
        return Path(self.known.path)

    @property
    def replicas(self) -> Path:
        return self.path / REPLICAS

    @property
    def usable(self) -> bool:
        """Whether processes may run on it."""
        return self.state in _USABLE

    def view(self) -> PoolView:
        """For the API."""
        kept = [seen for seen in self.seen.values() if seen.keeps_data and seen.header is not None]
        return PoolView(
            self.known.id,
            self.known.name,
            self.known.path,
            self.state,
            self.reason,
            self.total,
            self.free,
            self.used,
            sum(seen.header.size for seen in kept if seen.header is not None),
            self.device,
            len(self.seen),
        )


class Pools:
    """All pools of an engine. Looks happen in threads: a dead disk must not stop the engine."""

    def __init__(self, cache: Path, place: Place) -> None:
        self._cache, self._place = cache, place
        self.all: dict[str, Pool] = {}
        self._adding = asyncio.Lock()

    def load(self) -> None:
        """What the cache remembers."""
        with contextlib.suppress(OSError, msgspec.DecodeError):
            for known in msgspec.json.decode(self._cache.read_bytes(), type=list[Known]):
                self.all[known.id] = Pool(known)

    def save(self, *, forgotten: str = "") -> None:
        """Remember the paths, here and (as a hint for recovery) in every pool.

        A hint stays when we know nothing of its pool: we may have lost our list, and not looked yet.
        """
        fresh = self._cache.with_suffix(".new")
        with contextlib.suppress(OSError):
            fresh.write_bytes(msgspec.json.encode([pool.known for pool in self.all.values()]))
            os.replace(fresh, self._cache)
        paths = {pool.known.path for pool in self.all.values()}
        for pool in self.all.values():
            with contextlib.suppress(OSError, msgspec.DecodeError):
                marker = read_marker(pool.path)
                if marker is None or marker.id != pool.known.id:
                    continue
                kin = tuple(sorted((paths | set(marker.kin)) - {pool.known.path, forgotten}))
                if marker.kin != kin:
                    _write_marker(pool.path, msgspec.structs.replace(marker, kin=kin))

    def find(self, name: str) -> Pool:
        """By name or id. Raises: Impossible."""
        for pool in self.all.values():
            if name in (pool.known.name, pool.known.id):
                return pool
        raise Impossible(f"there is no pool {name}", "navarch engine pool list", status=404)

    async def add(self, path: Path, name: str) -> Pool:
        """Use a directory; one that is a pool already is taken as it is. Raises: Impossible."""
        if not path.is_absolute():
            raise Impossible(f"{path} is not an absolute path", status=400)
        name = name or re.sub(r"[^a-z0-9.-]+", "-", path.name.lower()).strip("-.") or "pool"
        if not NAME.fullmatch(name):
            raise Impossible(
                f"{name!r} is no name for a pool",
                "Use a-z, 0-9, - and ., beginning with a letter or digit, 63 at most",
                status=400,
            )
        try:
            # Two that are told to use one directory must find one marker.
            async with self._adding:
                marker = await asyncio.to_thread(self._made, path, name)
        except OSError as error:
            raise Impossible(f"{path} can't be a pool: {error.strerror or error}", status=400) from None
        return await self.take(path, marker)

    async def take(self, path: Path, marker: Marker) -> Pool:
        """Know a pool by its marker; one that was moved is known under its new path. Raises: Impossible."""
        known = self.all.get(marker.id)
        if known is not None and known.path != path and read_marker_quietly(known.path) is not None:
            raise Impossible(
                f"{path} is a copy of pool {known.known.name} in {known.path}",
                "Remove the copy; two processes must never serve one replica",
            )
        name, number = marker.name, 2
        taken = {pool.known.name for pool in self.all.values() if pool.known.id != marker.id}
        while name in taken:
            name, number = f"{marker.name}-{number}", number + 1
        pool = Pool(Known(marker.id, name, str(path)))
        self.all[marker.id] = pool
        self.save()
        await self.look(pool)
        return pool

    def _made(self, path: Path, name: str) -> Marker:
        path.mkdir(mode=0o700, exist_ok=True)
        marker = read_marker(path)
        if marker is None:
            others = [entry.name for entry in path.iterdir() if entry.name != "lost+found"]
            if others:
                raise OSError(
                    0, f"it is not empty ({others[0]!r} is there): a pool needs a directory of its own"
                )
            marker = Marker(_FORMAT, secrets.token_hex(8), name, time.time())
            _write_marker(path, marker)
        for folder in (REPLICAS, TRASH, TOMBSTONES):
            (path / folder).mkdir(mode=0o700, exist_ok=True)
        return marker

    def forget(self, pool: Pool) -> None:
        """Use a pool no more; its directory stays as it is."""
        del self.all[pool.known.id]
        self.save(forgotten=pool.known.path)

    async def look_at_all(self) -> None:
        """Look at every pool, at once."""
        await asyncio.gather(*(self.look(pool) for pool in list(self.all.values())))

    async def look(self, pool: Pool) -> None:
        """Find out how a pool is. One that does not answer in time is failing."""
        if pool.looking is None:
            pool.looking = asyncio.ensure_future(asyncio.to_thread(_look, pool, self._place))
        done, _ = await asyncio.wait([pool.looking], timeout=_LOOK_DEADLINE)
        if not done:
            pool.state, pool.reason = "failing", f"its disk did not answer within {_LOOK_DEADLINE:g} s"
            return
        pool.looking = None


def _look(pool: Pool, place: Place) -> None:
    """In a thread; the only writer of a pool's findings."""
    try:
        state, reason = _state(pool)
        if state in _USABLE:
            found = _scan(pool, place)
            # A disk that went meanwhile looks like an empty one: then what was known of it stays.
            state, reason = _state(pool)
            if state in _USABLE:
                _keep(pool, found)
                pool.gone = 0
    except FileNotFoundError:
        state, reason = "vanished", f"there is no pool in {pool.path} any more (was its disk unmounted?)"
    except (OSError, msgspec.DecodeError) as error:
        state, reason = "failing", str(error)
    if state in ("vanished", "failing", "foreign"):
        pool.gone += 1
    pool.state, pool.reason = state, reason


def _state(pool: Pool) -> tuple[PoolState, str]:
    marker = read_marker(pool.path)
    if marker is None:
        return "vanished", f"there is no pool in {pool.path} any more (was its disk unmounted?)"
    if marker.format > _FORMAT:
        return "foreign", f"a newer navarch wrote it (format {marker.format}); use that one"
    if marker.id != pool.known.id:
        return "foreign", f"another pool ({marker.name}) stands in {pool.path}"
    space = os.statvfs(pool.path)
    pool.total, pool.free = space.f_blocks * space.f_frsize, space.f_bavail * space.f_frsize
    pool.device = str(pool.path.stat().st_dev)
    why = _read_only(pool, space.f_flag)
    return ("read-only", why) if why else _room(pool)


def _read_only(pool: Pool, flags: int) -> str:
    """Why nobody can write to it; nothing if we can."""
    if flags & os.ST_RDONLY:
        return "its file system is mounted read-only"
    if _broke(pool.device):
        return "its file system met an error and went read-only (dmesg tells more)"
    if not os.access(pool.replicas, os.W_OK | os.X_OK):
        return f"we may not write to {pool.replicas}"
    return ""


def _broke(device: str) -> bool:
    """Whether a file system, by its device's number, was made read-only by the kernel after an error.

    Newer kernels say so nowhere else: for everybody who asks it is writable (Linux 6.15, ext4).
    """
    number = int(device)
    wanted = f"{os.major(number)}:{os.minor(number)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return False
    fields = (line.split(" ") for line in lines)
    return any(one[2] == wanted and "emergency_ro" in one[-1].split(",") for one in fields if len(one) > 3)


def _room(pool: Pool) -> tuple[PoolState, str]:
    if pool.free < min(_RESERVE, pool.total // 20):
        return "full", f"{pool.free >> 20} MiB are free"
    return "healthy", ""


class _Scanned(NamedTuple):
    """By the directory's name: what was found, why it can't be used, and the bytes that it takes up."""

    seen: dict[str, Seen]
    unreadable: dict[str, str]
    sizes: dict[str, int]


def _scan(pool: Pool, place: Place) -> _Scanned:
    seen, unreadable, sizes = found = _Scanned({}, {}, {})
    for entry in sorted(os.listdir(pool.replicas)):
        folder = pool.replicas / entry
        try:
            if not folder.is_dir():
                continue
            one = peek(folder, place)
            if one is None:
                unreadable[entry] = "no replica is in it"
            elif one.header is None:
                unreadable[entry] = one.trouble
            else:
                seen[entry] = one
                sizes[entry] = sum(file.stat().st_blocks * 512 for file in os.scandir(folder))
        except OSError as error:
            unreadable[entry] = str(error)
    return found


def _keep(pool: Pool, found: _Scanned) -> None:
    pool.seen, pool.unreadable, pool.sizes = found
    pool.used = sum(found.sizes.values())
    with contextlib.suppress(OSError):
        pool.tombstones = frozenset(os.listdir(pool.path / TOMBSTONES))


def read_marker(path: Path) -> Marker | None:
    """The marker; None if the directory is no pool. Raises: OSError, msgspec.DecodeError."""
    try:
        return msgspec.json.decode((path / MARK).read_bytes(), type=Marker)
    except FileNotFoundError:
        return None


def read_marker_quietly(path: Path) -> Marker | None:
    """The same; None as well if it can't be read."""
    try:
        return read_marker(path)
    except (OSError, msgspec.DecodeError):
        return None


def _write_marker(path: Path, marker: Marker) -> None:
    fresh = path / f"{MARK}.new"
    fresh.write_bytes(msgspec.json.encode(marker))
    os.replace(fresh, path / MARK)
