"""The vault as the console holds it: open or locked, its timers, and what other windows do to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from backend import log
from backend.secret import Secret
from backend.text import SafeStr, safe_text
from console.sessions.lock_timers import LockTimers

if TYPE_CHECKING:
    from backend.fleet.member import Member
    from backend.vault import Vault

_WAYS = {"keyring": "your desktop's keyring", "ssh-agent": "your SSH agent"}


class Elsewhere(Enum):
    """What happened to the vault in another window."""

    LOCKED = "locked"
    """Somebody said ``navarch vault lock``."""
    REKEYED = "rekeyed"
    """Its key was changed: a slot was removed, or a backup put back."""
    MEMBERS = "members"
    """Clusters were added, removed or changed."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class News:
    """``members``: the clusters as they are now, when they changed."""

    what: Elsewhere
    members: tuple[Member, ...] = ()


class Keeper:
    """One console's hold on the vault. Slow calls are coroutines."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self.vault: Vault | None = None
        self.timers = LockTimers()
        self._mark = 0
        self._generation = -1
        self._members: tuple[Member, ...] = ()

    # --- opening

    @property
    def path(self) -> Path:
        from backend.vault.vault import default_path

        return self._path or default_path()

    @property
    def exists(self) -> bool:
        return self.path.exists()

    @property
    def is_open(self) -> bool:
        return self.vault is not None and not self.vault.locked

    def open_cached(self) -> None:
        """Open the file; the unlock cache may hold its key. A broken vault says so at unlock."""
        from backend.vault import VaultError

        if not self.exists:
            return
        try:
            self.vault = self._file()
            if self.vault.unlock_cached(extend=True):
                self._opened()
        except VaultError:
            self.vault = None

    async def unlock(self, secret: Secret) -> Sequence[SafeStr]:
        """By a passphrase or a recovery code; notices worth showing. Raises the vault's errors."""
        return await asyncio.to_thread(self._unlock, lambda vault: vault.unlock(secret.text()))

    def other_ways(self) -> SafeStr:
        """What could open the vault without typing: ``your desktop's keyring``; '' for nothing."""
        slots = self.vault.slots if self.vault is not None else ()
        kinds = dict.fromkeys(slot.kind for slot in slots if slot.kind in _WAYS)
        return safe_text(" or ".join(_WAYS[kind] for kind in kinds))

    def opens_itself(self) -> bool:
        """Whether the keyring may open the vault unasked: it has a slot, and nobody locked on purpose."""
        from backend.vault.lock_mark import read_mark

        slots = self.vault.slots if self.vault is not None else ()
        return any(slot.kind == "keyring" for slot in slots) and not read_mark(self.path).on_purpose

    async def unlock_otherwise(self, *, asked: bool) -> Sequence[SafeStr]:
        """By the keyring, or (only when a person ``asked``) an SSH agent. Raises the vault's errors."""
        from backend.vault.os_keyring import PATIENT_SECONDS, SECONDS

        seconds = PATIENT_SECONDS if asked else SECONDS
        return await asyncio.to_thread(self._unlock, partial(_otherwise, asked=asked, seconds=seconds))

    async def prove(self, secret: Secret) -> None:
        """That somebody at a covered screen knows a way in. Raises WrongKey and the vault's other errors."""
        from backend.vault.slots import open_slots

        def look() -> None:
            assert self.vault is not None
            meta = self.vault.meta
            _, master = open_slots(self.vault.slots, secret.text(), store=meta.store, epoch=meta.epoch)
            master.wipe()

        await asyncio.to_thread(look)
        self.timers.touch()

    async def create(self, passphrase: Secret) -> Secret:
        """A new vault, unlocked; its recovery code."""
        from backend.vault import Vault, harden_process

        def make() -> tuple[Vault, str]:
            harden_process()
            vault, code = Vault.create(self._path, passphrase=passphrase.text())
            vault.remember()
            return vault, code

        self.vault, code = await asyncio.to_thread(make)
        self._opened()
        return Secret(code)

    # --- closing

    def lock(self) -> None:
        """Forget the key here and in the unlock cache; other consoles go on."""
        if self.vault is not None:
            self.vault.lock()
            log.note("vault", state="locked")

    def close(self) -> None:
        if self.vault is not None:
            self.vault.close()
            self.vault = None

    # --- other windows

    async def news(self) -> News:
        """What other windows did since the last look. Raises the vault's errors (damage, a busy file)."""
        return await asyncio.to_thread(self._look)

    def members(self) -> list[Member]:
        """The vault's clusters; later changes are news. Raises VaultLocked."""
        from backend.fleet.registry import members

        assert self.vault is not None
        found = members(self.vault)
        self._members, self._generation = tuple(found), self.vault.meta.generation
        return found

    def _look(self) -> News:
        from backend.vault import VaultLocked
        from backend.vault.lock_mark import read_mark

        vault = self.vault
        if vault is None:
            return News(Elsewhere.NOTHING)
        if read_mark(vault.path).locked > self._mark:
            return News(Elsewhere.LOCKED)
        before, known = self._generation, self._members
        try:
            if vault.locked or vault.meta.generation == before or before < 0:
                return News(Elsewhere.REKEYED if vault.locked else Elsewhere.NOTHING)
            now = tuple(self.members())
        except VaultLocked:
            return News(Elsewhere.REKEYED)
        return News(Elsewhere.NOTHING) if now == known else News(Elsewhere.MEMBERS, now)

    # --- inside

    def _unlock(self, opening: Callable[[Vault], None]) -> list[SafeStr]:
        from backend.vault.lock_mark import note_unlock

        vault = self.vault or self._file()
        opening(vault)
        vault.remember()
        note_unlock(vault)
        self.vault = vault
        self._opened()
        return [safe_text(notice) for notice in vault.notices]

    def _opened(self) -> None:
        from backend.vault.lock_mark import read_mark

        self._mark = read_mark(self.path).locked
        self._generation, self._members = -1, ()
        self.timers.opened()
        log.note("vault", state="unlocked")

    def _file(self) -> Vault:
        from backend.vault import Vault, harden_process

        harden_process()
        return Vault.open(self._path)


def _otherwise(vault: Vault, *, asked: bool, seconds: float) -> None:
    from backend.vault import VaultError
    from backend.vault.agent_slot import open_by_agent
    from backend.vault.keyring_slot import open_by_keyring

    kinds = {slot.kind for slot in vault.slots}
    try:
        vault.unlock_by(partial(open_by_keyring, seconds=seconds))
    except VaultError:
        if not asked or "ssh-agent" not in kinds:
            raise
        vault.unlock_by(open_by_agent)
