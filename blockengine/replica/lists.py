"""The volume's lists of snapshots on one replica: files named by their digest."""

from __future__ import annotations

import msgspec

from blockengine.membership import catalog
from blockengine.membership.catalog import Catalog
from blockengine.replica.files import Directory
from blockengine.replica.slots import Damaged
from blockengine.replica.trust import Trust

_PREFIX = "snapshots."
_MOST = 1 << 20


class Lists:
    """Usually one: that which the replica's record names. The empty list needs no file."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def has(self, digest: str) -> bool:
        """Whether the list of this digest is here."""
        return not digest or f"{_PREFIX}{digest}" in self._directory.names()

    def read(self, digest: str) -> bytes:
        """A list as it stands in its file; of zero length for the empty one.

        Raises: Damaged if it is not here or not what its digest says.
        """
        if not digest:
            return b""
        if not self.has(digest):
            raise Damaged(f"the list of snapshots {digest} is not here")
        file = self._directory.open(f"{_PREFIX}{digest}")
        length = int.from_bytes(file.pread(4, 0), "little")
        raw = file.pread(min(length, _MOST), 4)
        file.close()
        if catalog.digest(raw) != digest:
            raise Damaged(f"the list of snapshots {digest} is damaged; another replica has it")
        return raw

    def catalog(self, digest: str) -> Catalog:
        """The same, read. Raises: Damaged."""
        try:
            raw = self.read(digest)
            return catalog.decoded(raw) if raw else Catalog()
        except msgspec.DecodeError as error:
            raise Damaged(f"the list of snapshots {digest}: {error}") from None

    def keep(self, raw: bytes, held: str, trust: Trust) -> None:
        """Write a list, durably; those but it and the `held` one go. Raises: ValueError, OSError."""
        if not raw:
            return
        if len(raw) > _MOST:
            raise ValueError(f"a list of snapshots of {len(raw)} bytes")
        name = f"{_PREFIX}{catalog.digest(raw)}"
        self.drop_all_but(held, catalog.digest(raw))
        if self._intact(catalog.digest(raw)):
            return
        if name in self._directory.names():
            self._directory.remove(name)
        file = self._directory.create(f"{name}.new")
        file.pwrite(len(raw).to_bytes(4, "little") + raw, 0)
        with trust.promising():
            file.sync()
            file.close()
            self._directory.rename(f"{name}.new", name)
            self._directory.sync()

    def _intact(self, digest: str) -> bool:
        try:
            return bool(self.read(digest))
        except Damaged:
            return False

    def drop_all_but(self, *digests: str) -> None:
        """Remove lists that no record here names any more."""
        kept = {f"{_PREFIX}{digest}" for digest in digests}
        for name in self._directory.names():
            if name.startswith(_PREFIX) and name not in kept:
                self._directory.remove(name)
