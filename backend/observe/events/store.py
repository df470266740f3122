"""What was seen of events, kept on disk beyond the server's hour: a sealed file a cluster, by the vault.

Several consoles may write at once: a lock covers each append, and what another one wrote meanwhile is read
first, so the same state of an event is kept once. A write that was broken off is cut away by the next one.
A damaged file is set aside and its readable blocks go on in a new one; other clusters' files never notice.
Names of clusters are not on disk: files are called by a keyed hash of the cluster's id.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import shutil
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from backend.observe.events.blocks import (
    HEADER_BYTES,
    MOST,
    Head,
    NotOurs,
    Walk,
    new_head,
    read_head,
    sealed_block,
    walk,
)
from backend.observe.events.disk import StoreError, content, locked, opened, private, write_all
from backend.observe.events.key import EventKey, event_keys
from backend.observe.events.seen import Seen, newer
from backend.text import SafeStr, safe_text
from backend.vault import Vault

_ENDING = ".events"
_DAMAGED = ".damaged"
_TRIM_AFTER = 4 << 20
"""Bytes written until what is kept is looked at again."""
_AGED = 86400
"""Seconds after which a file is written anew without what is too old."""
_ROOM = 0.8
"""Share of the limit that is used after a cut: not every append must cut again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    days: float = 7.0
    megabytes: int = 64
    """Of all clusters together."""

    @property
    def seconds(self) -> float:
        return self.days * 86400


@dataclass(slots=True)
class _File:
    """What is known of one cluster's file: how far it was read, and which states are in it."""

    head: Head
    walked: Walk
    known: set[int] = field(default_factory=set)


class EventStore:
    """Slow calls: use from a thread. One at a time, which a lock sees to."""

    def __init__(
        self, folder: Path, key: EventKey, *, limits: Limits | None = None, before: EventKey | None = None
    ) -> None:
        """Use :meth:`beside`. ``folder``: of this vault; the key has its own folder in it."""
        self.limits = limits or Limits()
        self.problems: list[SafeStr] = []
        """What a person should know: damage, a full disk. Read and clear."""
        self._root = folder
        self._folder = folder / key.folder
        self._key = key
        self._before = before
        self._files: dict[str, _File] = {}
        self._mutex = threading.Lock()
        self._written = 0
        self._closed = False

    @classmethod
    def beside(cls, vault: Vault, *, limits: Limits | None = None) -> EventStore:
        """The store of an unlocked vault; it stays usable when the vault object is closed.

        Raises the vault's errors.
        """
        key, before = event_keys(vault)
        return cls(folder_of(vault.path), key, limits=limits, before=before)

    def close(self) -> None:
        """Forget the key; waits for a call that is under way."""
        with self._mutex:
            self._closed = True
            self._key.wipe()
            if self._before is not None:
                self._before.wipe()
            self._files.clear()

    # --- reading

    def load(self, cluster_id: str) -> list[Seen]:
        """The latest state of every event kept of a cluster, unless it is too old. Raises StoreError."""
        tag = self._tag(cluster_id)
        with self._held():
            file, events = self._read(tag)
            if file is not None:
                self._files[tag] = file
        return _latest(events, since=time.time() - self.limits.seconds)

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self._paths())

    # --- writing

    def append(self, cluster_id: str, events: Sequence[Seen]) -> int:
        """Keep these states, as far as they are not kept already; how many were new. Raises StoreError."""
        tag = self._tag(cluster_id)
        with self._held():
            file = self._caught_up(tag)
            fresh = {_state(event): event for event in events}
            wanted = [event for state, event in fresh.items() if state not in file.known]
            for start in range(0, len(wanted), MOST):
                self._write(tag, file, wanted[start : start + MOST])
            if self._written > _TRIM_AFTER:
                self._written = 0
                self._trim()
        return len(wanted)

    def forget(self, cluster_ids: Iterable[str]) -> None:
        """These clusters are gone, and what was kept of them with them. Raises StoreError."""
        with self._held():
            for cluster_id in cluster_ids:
                self._drop(self._tag(cluster_id))

    def tidy(self, cluster_ids: Collection[str]) -> None:
        """At the start: let go of clusters that are no more, of what is too old or too much, of lost keys."""
        with self._held():
            self._adopt(cluster_ids)
            wanted = {self._tag(cluster_id) for cluster_id in cluster_ids}
            for path in self._folder.iterdir():
                if path.name != ".lock" and path.name.partition(".")[0] not in wanted:
                    path.unlink(missing_ok=True)
            self._trim()

    # --- inside

    def _adopt(self, cluster_ids: Collection[str]) -> None:
        """Seal again what the key before this one had sealed; remove what no key opens any more."""
        before = self._before
        if before is not None and (self._root / before.folder).is_dir():
            old = EventStore(self._root, before, limits=self.limits)
            for cluster_id in cluster_ids:
                _, events = old._read(old._tag(cluster_id))
                if events:
                    tag = self._tag(cluster_id)
                    self._rewrite(tag, _latest([*self._read(tag)[1], *events], since=0.0))
        for place in self._root.iterdir():
            if place.is_dir() and place != self._folder:
                shutil.rmtree(place, ignore_errors=True)

    def _tag(self, cluster_id: str) -> str:
        return hmac.new(bytes(self._key.names), cluster_id.encode(), hashlib.sha256).hexdigest()[:32]

    def _path(self, tag: str) -> Path:
        return self._folder / f"{tag}{_ENDING}"

    def _paths(self) -> list[Path]:
        with contextlib.suppress(OSError):
            return [path for path in self._folder.iterdir() if path.suffix in (_ENDING, _DAMAGED)]
        return []

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Alone in this process and among all. Raises StoreError for what the disk says."""
        with self._mutex:
            if self._closed:
                raise StoreError("the store of events is closed")
            try:
                private(self._root)
                private(self._folder)
                with locked(self._folder / ".lock"):
                    yield
            except OSError as error:
                raise StoreError(
                    f"events can't be kept: {error.strerror or type(error).__name__}",
                    "They are shown, but not remembered; look at the disk and the vault's folder.",
                ) from error

    def _read(self, tag: str) -> tuple[_File | None, list[Seen]]:
        """All that is in a cluster's file; a damaged one is set aside first."""
        path = self._path(tag)
        try:
            data = content(path)
            head = read_head(data)
        except FileNotFoundError:
            return None, []
        except NotOurs:
            if path.stat().st_size < HEADER_BYTES:  # killed while it was made
                path.unlink(missing_ok=True)
                return None, []
            self._set_aside(tag, lost="all of it")
            return None, []
        walked = Walk(end=HEADER_BYTES, number=0)
        events = [one for block in walk(self._key.seal, data, walked, head=head, tag=tag) for one in block]
        if walked.damaged:
            lost = f"{walked.damaged} of {walked.number} blocks"
            self._set_aside(tag, lost=lost)
            return self._rewrite(tag, _latest(events, since=0.0)), events
        return _File(head, walked, {_state(event) for event in events}), events

    def _caught_up(self, tag: str) -> _File:
        """The file as it is now, with what others wrote; made if there is none; a torn end is cut off."""
        file, path = self._files.get(tag), self._path(tag)
        if file is not None and not self._follow(path, tag, file):
            file = None
        if file is None:
            file, _ = self._read(tag)
        if file is None:
            file = self._rewrite(tag, ())
        elif file.walked.torn:
            os.truncate(path, file.walked.end)
            file.walked.torn = False
        self._files[tag] = file
        return file

    def _follow(self, path: Path, tag: str, file: _File) -> bool:
        """Read on from where we were; False: it is another file now, or damaged."""
        try:
            with opened(path) as handle:
                if read_head(handle.read(HEADER_BYTES)) != file.head:
                    return False
                handle.seek(file.walked.end)
                data = handle.read()
        except (FileNotFoundError, NotOurs):
            return False
        file.walked.torn = False
        blocks = walk(self._key.seal, data, file.walked, head=file.head, tag=tag, offset=file.walked.end)
        file.known.update(_state(event) for block in blocks for event in block)
        return not file.walked.damaged

    def _write(self, tag: str, file: _File, events: Sequence[Seen]) -> None:
        block = sealed_block(self._key.seal, events, head=file.head, tag=tag, number=file.walked.number)
        fd = os.open(self._path(tag), os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            write_all(fd, block, at=file.walked.end)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(fd, file.walked.end)
            raise
        finally:
            os.close(fd)
        file.walked.end += len(block)
        file.walked.number += 1
        file.known.update(map(_state, events))
        self._written += len(block)

    def _rewrite(self, tag: str, events: Sequence[Seen]) -> _File:
        """A file of these events in the place of the present one; there is always one of the two."""
        path = self._path(tag)
        scratch = path.with_suffix(".new")
        head, header = new_head(now=time.time())
        file = _File(head, Walk(end=HEADER_BYTES, number=0))
        fd = os.open(scratch, os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            write_all(fd, header, at=0)
            for start in range(0, len(events), MOST):
                some = events[start : start + MOST]
                block = sealed_block(self._key.seal, some, head=head, tag=tag, number=file.walked.number)
                write_all(fd, block, at=file.walked.end)
                file.walked.end += len(block)
                file.walked.number += 1
                file.known.update(map(_state, some))
            os.fsync(fd)
            scratch.replace(path)
        except OSError:
            scratch.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)
        self._files[tag] = file
        return file

    def _set_aside(self, tag: str, *, lost: str) -> None:
        """Keep the damaged file for whoever wants to look; the one set aside before makes room."""
        path = self._path(tag)
        aside = path.with_suffix(_DAMAGED)
        path.replace(aside)
        self._files.pop(tag, None)
        self.problems.append(
            safe_text(f"Kept events of one cluster were damaged ({lost}); the file was set aside: {aside}")
        )

    def _drop(self, tag: str) -> None:
        self._files.pop(tag, None)
        for ending in (_ENDING, _DAMAGED, ".new"):
            (self._folder / f"{tag}{ending}").unlink(missing_ok=True)

    def _trim(self) -> None:
        """Write anew what holds events that are too old, and what is more than its share."""
        now = time.time()
        for path in self._paths():
            if path.suffix == _DAMAGED:
                if now - path.stat().st_mtime > self.limits.seconds:
                    path.unlink(missing_ok=True)
                continue
            tag = path.name.removesuffix(_ENDING)
            file, events = self._read(tag) if _made(path) < now - _AGED else (None, [])
            if file is not None:
                self._rewrite(tag, _latest(events, since=now - self.limits.seconds))
        sizes = {path: path.stat().st_size for path in self._paths()}
        most = self.limits.megabytes << 20
        if sum(sizes.values()) <= most:
            return
        share = _share(sorted(sizes.values()), most * _ROOM)
        for path, size in sizes.items():
            if size <= share:
                continue
            if path.suffix == _DAMAGED:
                path.unlink(missing_ok=True)
                continue
            tag = path.name.removesuffix(_ENDING)
            events = _latest(self._read(tag)[1], since=now - self.limits.seconds)
            self._rewrite(tag, events[len(events) - int(len(events) * share / size) :])


def folder_of(vault_path: Path) -> Path:
    """Where the events of this vault's clusters are kept."""
    return vault_path.with_name(f"{vault_path.name}{_ENDING}")


def _state(event: Seen) -> int:
    """Stands for one state of one event."""
    return hash((event.uid, event.version or (event.count, event.last)))


def _latest(events: Iterable[Seen], *, since: float) -> list[Seen]:
    """One state of each event, the oldest first."""
    found: dict[str, Seen] = {}
    for event in events:
        known = found.get(event.uid)
        found[event.uid] = event if known is None else newer(known, event)
    return sorted((event for event in found.values() if event.last >= since), key=lambda event: event.last)


def _share(sizes: Sequence[int], room: float) -> float:
    """The size above which files are cut, so that all fit: small ones keep all they have."""
    for at, size in enumerate(sizes):
        level = room / (len(sizes) - at)
        if size > level:
            return level
        room -= size
    return float(sizes[-1]) if sizes else 0.0


def _made(path: Path) -> int:
    try:
        with opened(path) as handle:
            return read_head(handle.read(HEADER_BYTES)).made
    except NotOurs:
        return 0
