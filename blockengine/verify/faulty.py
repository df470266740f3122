"""A voter's process on a disk that may fail: `python -m blockengine.verify.faulty DIR --listen ADDRESS`.

kill -9 is a power loss for it: what was not synced lives in the process only, but for sectors
that happened to be written out early; and every start is another boot. SIGUSR1 makes the disk
full, SIGUSR2 makes syncs fail, SIGHUP mends it.
"""

from __future__ import annotations

import argparse
import errno
import random
import secrets
import signal
import threading
from dataclasses import replace

import uvloop

from blockengine.cli.place import here
from blockengine.cli.serve import add_options, serve
from blockengine.replica.files import Bytes, File, RealDirectory, RealFile

PAGE, SECTOR = 4096, 512
# Filled when they are made, so that a full disk does not stop a vote.
_SLOTS = ("header", "ballot", "chain", "boot", "witness")


class Trouble:
    """What is wrong with the disk now."""

    def __init__(self) -> None:
        self.full = self.failing = False

    def set(self, number: int) -> None:
        """As a signal asks for."""
        self.full = number == signal.SIGUSR1
        self.failing = number == signal.SIGUSR2


class VolatileFile:
    """A `File` that keeps pages in memory until they are synced; some sectors escape earlier."""

    def __init__(self, file: RealFile, trouble: Trouble, *, filled: bool) -> None:
        self._file, self._trouble, self._filled = file, trouble, filled
        self._pages: dict[int, bytearray] = {}
        self._draw = random.Random()  # noqa: S311 (a test's dice)
        # A flush runs in a thread, beside reads and writes.
        self._lock = threading.Lock()

    def pread(self, length: int, offset: int) -> bytes:
        with self._lock:
            return self._pread(length, offset)

    def _pread(self, length: int, offset: int) -> bytes:
        data = self._file.pread(length, offset)
        pages = self._pages
        if not pages:
            return data
        patched = bytearray(data)
        for number in range(offset // PAGE, (offset + length - 1) // PAGE + 1):
            page = pages.get(number)
            if page is not None:
                start, end = max(offset, number * PAGE), min(offset + length, (number + 1) * PAGE)
                patched[start - offset : end - offset] = page[start - number * PAGE : end - number * PAGE]
        return bytes(patched)

    def pread_cached(self, length: int, offset: int, into: memoryview | None = None) -> bytes | None:
        return self.pread(length, offset)

    def pwrite(self, data: Bytes, offset: int, *, durable: bool = False) -> None:
        if self._trouble.full and not self._filled:
            raise OSError(errno.ENOSPC, "simulated full disk")
        with self._lock:
            self._pwrite(data, offset, durable=durable)

    def _pwrite(self, data: Bytes, offset: int, *, durable: bool) -> None:
        view, end = memoryview(data), offset + len(data)
        for number in range(offset // PAGE, (end - 1) // PAGE + 1):
            page = self._pages.get(number)
            if page is None:
                page = self._pages[number] = bytearray(self._file.pread(PAGE, number * PAGE))
            start, stop = max(offset, number * PAGE), min(end, (number + 1) * PAGE)
            page[start - number * PAGE : stop - number * PAGE] = view[start - offset : stop - offset]
            if durable:
                self._write_out(number)
            elif self._draw.random() < 0.1:
                place = self._draw.randrange(PAGE // SECTOR) * SECTOR
                self._file.pwrite(page[place : place + SECTOR], number * PAGE + place)

    def _write_out(self, number: int) -> None:
        self._file.pwrite(self._pages.pop(number), number * PAGE)

    def punch(self, offset: int, length: int) -> None:
        self.pwrite(bytes(length), offset)

    def truncate(self, size: int) -> None:
        self.sync()
        self._file.truncate(size)

    def allocated(self) -> int:
        return self._file.allocated()

    def sync(self) -> None:
        if self._trouble.failing:
            raise OSError(errno.EIO, "simulated device error")
        for number in list(self._pages):
            with self._lock:
                if number in self._pages:
                    self._write_out(number)

    def close(self) -> None:
        self._file.close()


class VolatileDirectory(RealDirectory):
    """A folder of such files. Names are as durable as the real folder's."""

    trouble = Trouble()

    def create(self, name: str) -> File:
        return self._volatile(super().create(name), name)

    def open(self, name: str) -> File:
        return self._volatile(super().open(name), name)

    def _volatile(self, file: File, name: str) -> File:
        assert isinstance(file, RealFile)
        return VolatileFile(file, self.trouble, filled=name in _SLOTS)


def main() -> None:
    """Serve one voter."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser)
    chosen = parser.parse_args()
    directory = VolatileDirectory(chosen.directory)
    directory.lock()
    for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP):
        signal.signal(number, lambda number, frame: directory.trouble.set(number))
    uvloop.run(serve(chosen, directory, replace(here(), boot=secrets.token_hex(8))))


if __name__ == "__main__":
    main()
