"""The few things a replica asks of a file system, and the real one.

`blockengine.verify.disk` is the other implementation: it loses what was not synced. Nothing
else in `blockengine.replica` touches a file.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import weakref
from pathlib import Path
from typing import Protocol

Bytes = bytes | bytearray | memoryview

_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_DSYNC = getattr(os, "RWF_DSYNC", 0)


class File(Protocol):
    """One open file. Offsets and lengths are bytes; errors are OSError."""

    def pread(self, length: int, offset: int) -> bytes:
        """Bytes from `offset`; what lies beyond the end reads as zeroes."""
        ...

    def pread_cached(self, length: int, offset: int, into: memoryview | None = None) -> Bytes | None:
        """The same if it takes no wait for a device, else None. The answer may be `into`, filled."""
        ...

    def pwrite(self, data: Bytes, offset: int, *, durable: bool = False) -> None:
        """Write all of `data`; with `durable`, it survives power loss on return."""
        ...

    def punch(self, offset: int, length: int) -> None:
        """Make a range read as zeroes, giving its space back if that is possible."""
        ...

    def truncate(self, size: int) -> None: ...

    def allocated(self) -> int:
        """How many bytes it takes up on its disk."""
        ...

    def sync(self) -> None:
        """Everything written so far survives power loss on return."""
        ...

    def close(self) -> None: ...


class Directory(Protocol):
    """One flat folder. A name's creation, renaming or removal survives only after `sync`."""

    def create(self, name: str) -> File: ...

    def open(self, name: str) -> File: ...

    def names(self) -> list[str]: ...

    def rename(self, old: str, new: str) -> None: ...

    def remove(self, name: str) -> None: ...

    def sync(self) -> None: ...

    def place(self) -> tuple[int, int]:
        """(device, inode) of the folder: a copy has another one."""
        ...

    def capacity(self) -> int:
        """How many bytes the folder's file system has in all, used or not."""
        ...


class RealFile:
    """A file of the operating system, buffered by its page cache."""

    def __init__(self, descriptor: int) -> None:
        self._fd = descriptor
        # A file whose layer was merged away may still be read by a thread: the last one closes it.
        self._closing = weakref.finalize(self, os.close, descriptor)
        self._nowait = getattr(os, "RWF_NOWAIT", 0)

    def pread(self, length: int, offset: int) -> bytes:
        data = os.pread(self._fd, length, offset)
        if len(data) == length:
            return data
        while len(data) < length:
            more = os.pread(self._fd, length - len(data), offset + len(data))
            if not more:
                return data + bytes(length - len(data))
            data += more
        return data

    def pread_cached(self, length: int, offset: int, into: memoryview | None = None) -> Bytes | None:
        if not self._nowait and into is None:
            return self.pread(length, offset)
        data = bytearray(length) if into is None else into
        try:
            got = os.preadv(self._fd, [data], offset, self._nowait)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            # tmpfs knows no RWF_NOWAIT; its bytes are in memory anyway.
            self._nowait = 0
            return self.pread(length, offset)
        return data if got == length else self.pread(length, offset)

    def pwrite(self, data: Bytes, offset: int, *, durable: bool = False) -> None:
        done = 0 if durable else os.pwrite(self._fd, data, offset)
        if done == len(data):
            return
        view, offset = memoryview(data)[done:], offset + done
        while view:
            if durable and _DSYNC:
                written = os.pwritev(self._fd, [view], offset, _DSYNC)
            else:
                written = os.pwrite(self._fd, view, offset)
            view, offset = view[written:], offset + written
        if durable and not _DSYNC:
            self.sync()

    def punch(self, offset: int, length: int) -> None:
        if _fallocate(self._fd, offset, length):
            return
        zeroes = bytes(min(length, 1 << 20))
        while length > 0:
            step = min(length, len(zeroes))
            self.pwrite(memoryview(zeroes)[:step], offset)
            offset, length = offset + step, length - step

    def truncate(self, size: int) -> None:
        os.ftruncate(self._fd, size)

    def allocated(self) -> int:
        return os.fstat(self._fd).st_blocks * 512

    def sync(self) -> None:
        os.fdatasync(self._fd)

    def close(self) -> None:
        self._closing()


class RealDirectory:
    """A folder of the operating system; one that is only looked at may be on a read-only disk."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._access = os.O_RDONLY if read_only else os.O_RDWR
        self._lock = -1

    def create(self, name: str) -> File:
        return RealFile(os.open(self.path / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))

    def open(self, name: str) -> File:
        return RealFile(os.open(self.path / name, self._access | os.O_CLOEXEC))

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.path.iterdir())

    def rename(self, old: str, new: str) -> None:
        (self.path / old).rename(self.path / new)

    def remove(self, name: str) -> None:
        (self.path / name).unlink()

    def sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lock(self) -> None:
        """Keep every other process out until `unlock`, or until this one ends.

        Raises: BlockingIOError if another one is in.
        """
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(descriptor)
            raise
        self._lock = descriptor

    def unlock(self) -> None:
        """Let others in; does nothing if it was not locked."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def place(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def capacity(self) -> int:
        status = os.statvfs(self.path)
        return status.f_blocks * status.f_frsize


def _fallocate(descriptor: int, offset: int, length: int) -> bool:
    """Punch a hole; False where the file system (or the system) has no such thing."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "fallocate64", None)
    if call is None:
        return False
    call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    if call(descriptor, _KEEP_SIZE | _PUNCH_HOLE, offset, length) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EOPNOTSUPP, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code))
