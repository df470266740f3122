"""What the console keeps for a person besides settings: where it was left, which programs they agreed to.

Names of clusters and objects are among it. With a vault it lies under the vault's seal; without one it is
forgotten when the console ends.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Protocol

import msgspec

from backend.text import SafeStr, safe_text
from console.session import Refused

if TYPE_CHECKING:
    from backend.observe.events.store import EventStore
    from backend.vault import Vault
    from backend.vault.draft import Draft

KIND = "console"
_MOST = 500
"""Agreements kept; the oldest go first."""


class Belongings(Protocol):
    """Calls may touch the disk: a millisecond to read, some to write. They raise the vault's errors."""

    def last_view(self) -> bytes:
        """What :meth:`keep_view` was given last, perhaps by another window; empty: nothing."""
        ...

    def keep_view(self, data: bytes) -> None: ...

    def agreed(self, fingerprint: str) -> bool:
        """Whether a person agreed to the command with this fingerprint."""
        ...

    def agree(self, fingerprint: str, *, shown: str) -> None: ...

    def kubeconfig(self, cluster_id: str) -> bytes:
        """One for this cluster alone, without a secret. Raises Refused where there can be none."""
        ...

    def event_store(self, *, days: int, megabytes: int) -> tuple[EventStore | None, SafeStr]:
        """Where events of clusters are kept, and what is wrong with it; None: nowhere."""
        ...


class InMemory:
    """Nothing is stored anywhere."""

    def __init__(self) -> None:
        self._agreed: set[str] = set()

    def last_view(self) -> bytes:
        return b""

    def keep_view(self, data: bytes) -> None:
        """A fleet that is nowhere stored leaves no names behind."""

    def agreed(self, fingerprint: str) -> bool:
        return fingerprint in self._agreed

    def agree(self, fingerprint: str, *, shown: str) -> None:
        self._agreed.add(fingerprint)

    def kubeconfig(self, cluster_id: str) -> bytes:
        raise Refused(
            "{kubeconfig} needs a vault, which answers for the credentials",
            "Import this kubeconfig (navarch cluster import), or name a file of your own in the command.",
        )

    def event_store(self, *, days: int, megabytes: int) -> tuple[EventStore | None, SafeStr]:
        return None, safe_text("")


class InVault:
    """Under the vault's seal. Make one for each use: it holds on to an unlocked vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def last_view(self) -> bytes:
        return self._read("view")

    def keep_view(self, data: bytes) -> None:
        if data == self._read("view"):
            return
        with self._vault.transaction() as draft:
            _put(draft, "view", data)

    def agreed(self, fingerprint: str) -> bool:
        return fingerprint in _listed(self._read("commands"))

    def agree(self, fingerprint: str, *, shown: str) -> None:
        """The agreement and its line in the journal: both, or neither."""
        from backend.journal import Journal

        with self._vault.transaction() as draft:
            known = _listed(_found(draft, "commands"))
            kept = [*(one for one in known if one != fingerprint), fingerprint][-_MOST:]
            _put(draft, "commands", msgspec.json.encode(kept))
            Journal(self._vault).write_into(draft, "command approve", object=shown)

    def kubeconfig(self, cluster_id: str) -> bytes:
        from backend.fleet.registry import Registry
        from backend.fleet.registry.kubeconfig import asking_kubeconfig, why_not
        from console.own_path import own_environment, own_program

        known = [one for one in Registry(self._vault).known() if one.id == cluster_id]
        if not known:
            raise Refused("This cluster is not in the vault any more")
        if reason := why_not(known[0].record):
            raise Refused(f"There is no kubeconfig without secrets for {known[0].record.name}: {reason}")
        return asking_kubeconfig(known, program=own_program(), environment=own_environment())

    def event_store(self, *, days: int, megabytes: int) -> tuple[EventStore | None, SafeStr]:
        from backend.observe.events.keeping import store_of

        return store_of(self._vault, days=days, megabytes=megabytes)

    def _read(self, name: str) -> bytes:
        wanted = _id(name)
        return next((record.data for record in self._vault.records(KIND) if record.id == wanted), b"")


def _id(name: str) -> str:
    """Each is one entry with an id of its own."""
    return hashlib.sha256(f"navarch console {name}".encode()).hexdigest()[:32]


def _found(draft: Draft, name: str) -> bytes:
    return next((record.data for record in draft.records(KIND) if record.id == _id(name)), b"")


def _put(draft: Draft, name: str, data: bytes) -> None:
    """Whatever was there, in any window."""
    found = next((record for record in draft.records(KIND) if record.id == _id(name)), None)
    draft.put(KIND, data, record_id=_id(name), version=found.version if found else None)


def _listed(data: bytes) -> list[str]:
    try:
        return msgspec.json.decode(data, type=list[str]) if data else []
    except msgspec.MsgspecError:
        return []
