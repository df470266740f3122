"""Changing what the vault knows of clusters; every change and its journal line are one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from backend.fleet.registry import approvals, record
from backend.fleet.registry.approvals import Approval
from backend.fleet.registry.record import ClusterRecord
from backend.fleet.registry.review import Candidate, Review
from backend.journal import Journal
from backend.kube.exec_review import ExecReview, approval_for
from backend.text import SafeStr, safe_text
from backend.vault import Record, Vault
from backend.vault.draft import Draft
from backend.vault.exchange import Merge, merge

if TYPE_CHECKING:
    from backend.fleet.programs import Program


class RegistryRefused(Exception):
    """The registry would become inconsistent; ``sentence`` and ``advice`` say why and what to do."""

    exit_code = 4

    def __init__(self, sentence: object, advice: object = "") -> None:
        self.sentence = safe_text(sentence)
        self.advice = safe_text(advice)
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A cluster of the vault, with what is needed to change it."""

    id: str
    version: int
    written: int
    record: ClusterRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A person's decision about one candidate."""

    context: str
    name: str = ""
    """Under which name; '' takes the context's, made unique."""
    consents: frozenset[str] = frozenset()
    approve_program: bool = False
    tags: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Accepted:
    """What an import did."""

    added: list[tuple[str, SafeStr]] = field(default_factory=list)
    """(id, name)."""
    left_out: list[tuple[SafeStr, SafeStr]] = field(default_factory=list)
    """(context, why)."""
    approved: list[SafeStr] = field(default_factory=list)
    """Names of the clusters whose program may run now."""


class Registry:
    """The clusters of an unlocked vault."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._journal = Journal(vault)

    @property
    def vault(self) -> Vault:
        return self._vault

    def known(self) -> list[Known]:
        """All readable clusters, by name."""
        found = [_known(entry) for entry in self._vault.records(record.KIND)]
        return sorted(found, key=lambda known: known.record.name)

    def approvals(self) -> dict[str, Approval]:
        """By cluster id; none while the vault is damaged: one that was withdrawn may have been put back."""
        if self._vault.damage:
            return {}
        entries = [
            msgspec.json.decode(entry.data, type=Approval) for entry in self._vault.records(approvals.KIND)
        ]
        return {approval.cluster_id: approval for approval in entries}

    def change(
        self,
        known: Known,
        edit: Callable[[ClusterRecord], ClusterRecord],
        *,
        act: str,
        detail: str = "",
    ) -> Known:
        """Edit one cluster as it was seen. Raises RegistryRefused, RecordConflict (changed elsewhere)."""
        edited = edit(known.record)
        with self._vault.transaction() as draft:
            if edited.name != known.record.name and edited.name in _names(draft):
                raise RegistryRefused(
                    f"There is a cluster called {edited.name} already.", "Choose another name."
                )
            written = draft.put(record.KIND, edited.encode(), record_id=known.id, version=known.version)
            self._journal.write_into(draft, act, cluster=edited.name, detail=detail)
        return _known(written)

    def change_all(
        self,
        wanted: Iterable[Known],
        edit: Callable[[ClusterRecord], ClusterRecord],
        *,
        act: str,
        detail: str = "",
    ) -> int:
        """Edit several clusters, all or none; how many became another. Names must stay. Raises
        RecordConflict."""
        edited = [(known, edit(known.record)) for known in wanted]
        changed = [(known, after) for known, after in edited if after != known.record]
        if changed:
            with self._vault.transaction() as draft:
                for known, after in changed:
                    draft.put(record.KIND, after.encode(), record_id=known.id, version=known.version)
                    self._journal.write_into(draft, act, cluster=after.name, detail=detail)
        return len(changed)

    def adopt(self, entries: Sequence[Record], *, source: str) -> Merge:
        """Take over clusters of a sealed file; one whose name is taken gets a number behind it.

        Raises msgspec.ValidationError, before anything is changed, for an entry that is no cluster.
        """
        for entry in entries:
            ClusterRecord.decode(entry.data)
        merged = merge(self._vault, entries)
        for known in self.known():
            if known.id in merged.added:
                names = {other.record.name for other in self.known() if other.id != known.id}
                name = _unique(known.record.name, names)
                edit = partial(msgspec.structs.replace, name=name)
                self.change(known, edit, act="vault import", detail=source)
        return merged

    def remove(self, known: Known) -> None:
        """Take a cluster and its approval out of the vault (backups still hold them)."""
        trusted = self._trust_records(known.id)
        with self._vault.transaction() as draft:
            draft.delete(known.id, version=known.version)
            for entry in trusted:
                draft.delete(entry.id)
            self._journal.write_into(draft, "cluster remove", cluster=known.record.name)

    def approve(self, known: Known, seen: ExecReview) -> Approval:
        """Let the cluster's exec plugin run as ``seen`` on disk. Raises RegistryRefused."""
        access = known.record.access(known.id)
        if access.exec is None:
            raise RegistryRefused(f"{known.record.name} uses no program to obtain credentials.")
        approval = approvals.agree(seen, access.exec, cluster_id=known.id)
        if approval is None:
            raise RegistryRefused(seen.refusal or "The program is gone.", "Install it, then try again.")
        stale = self._trust_records(known.id)
        with self._vault.transaction() as draft:
            for entry in stale:
                draft.delete(entry.id)
            self._write_approval(draft, approval, known.record.name)
        return approval

    def approve_all(self, programs: Iterable[Program]) -> list[SafeStr]:
        """Let these programs run for the clusters that want them, as they were shown; the clusters' names.

        A cluster whose program, server or arguments are others by now is left out. All in one change.
        """
        shown = {cluster_id: program for program in programs for cluster_id in program.ids}
        agreed: list[tuple[Known, Approval]] = []
        for known in self.known():
            access = known.record.access(known.id)
            if known.id not in shown or access.exec is None:
                continue
            seen = approval_for(access.exec, access)
            approval = approvals.agree(seen, access.exec, cluster_id=known.id)
            if approval is not None and approval.fingerprint in shown[known.id].fingerprints:
                agreed.append((known, approval))
        stale = [entry for known, _ in agreed for entry in self._trust_records(known.id)]
        if agreed:
            with self._vault.transaction() as draft:
                for entry in stale:
                    draft.delete(entry.id)
                for known, approval in agreed:
                    self._write_approval(draft, approval, known.record.name)
        return [safe_text(known.record.name) for known, _ in agreed]

    def accept(self, review: Review, choices: Sequence[Choice]) -> Accepted:
        """Store the chosen candidates of a review, in one change; what lacks consent is left out."""
        result = Accepted()
        ready: list[tuple[Choice, Candidate]] = []
        for choice in choices:
            candidate = review.candidate(choice.context)
            why = _objection(candidate, choice)
            if why or candidate is None:
                result.left_out.append((safe_text(choice.context), safe_text(why)))
            else:
                ready.append((choice, candidate))
        if not ready:
            return result
        with self._vault.transaction() as draft:
            taken = _names(draft)
            for choice, candidate in ready:
                # A hostile name could be neither shown nor typed; the file's spelling stays in the source.
                name = _unique(str(safe_text(choice.name or candidate.name, limit=253)), taken)
                taken.add(name)
                self._add(draft, choice, candidate, name, result)
        return result

    def _add(self, draft: Draft, choice: Choice, candidate: Candidate, name: str, result: Accepted) -> None:
        stored = msgspec.structs.replace(candidate.record, name=name, tags=choice.tags)
        written = draft.put(record.KIND, stored.encode())
        detail = f"from {stored.source.words}"
        if choice.consents & candidate.consents:
            detail += f"; agreed to: {', '.join(sorted(choice.consents & candidate.consents))}"
        self._journal.write_into(draft, "cluster import", cluster=name, detail=detail)
        result.added.append((written.id, safe_text(name)))
        access = stored.access(written.id)
        if choice.approve_program and access.exec is not None and candidate.program is not None:
            approval = approvals.agree(candidate.program, access.exec, cluster_id=written.id)
            if approval is not None:
                self._write_approval(draft, approval, name)
                result.approved.append(safe_text(name))

    def _write_approval(self, draft: Draft, approval: Approval, name: str) -> None:
        draft.put(approvals.KIND, msgspec.json.encode(approval))
        detail = f"{approval.shown}\n{approval.path} SHA-256 {approval.sha256}"
        self._journal.write_into(draft, "program approve", cluster=name, detail=detail)

    def _trust_records(self, cluster_id: str) -> list[Record]:
        return [
            entry
            for entry in self._vault.records(approvals.KIND)
            if msgspec.json.decode(entry.data, type=Approval).cluster_id == cluster_id
        ]


def accept(vault: Vault, review: Review, choices: Sequence[Choice]) -> Accepted:
    """See ``Registry.accept``."""
    return Registry(vault).accept(review, choices)


def _objection(candidate: Candidate | None, choice: Choice) -> str:
    if candidate is None:
        return "there is no such (usable) context in the file"
    if candidate.refused:
        return " ".join(c.sentence for c in candidate.concerns if c.weight.value == "refuse")
    if candidate.known:
        return "it is in the vault already; navarch cluster refresh takes over what changed"
    missing = candidate.consents - choice.consents
    if missing:
        needed = " ".join(c.sentence for c in candidate.concerns if c.code in missing)
        return f"{needed} Agree with: --allow {','.join(sorted(missing))}"
    return ""


def _known(entry: Record) -> Known:
    return Known(
        id=entry.id, version=entry.version, written=entry.written, record=ClusterRecord.decode(entry.data)
    )


def _names(draft: Draft) -> set[str]:
    return {ClusterRecord.decode(entry.data).name for entry in draft.records(record.KIND)}


def _unique(name: str, taken: Iterable[str]) -> str:
    wanted, number = name, 2
    names = set(taken)
    while wanted in names:
        wanted, number = f"{name}-{number}", number + 1
    return wanted
