"""Programs that clusters want to run to obtain credentials, and who may: shared by the console and commands.

A kubeconfig in memory has no approvals of its own. They come from the vault, when it is unlocked anyway, or
from a person, and live as long as the process. What is agreed to is a set of fingerprints, each bound to one
program file, its arguments and one server (see ``backend.kube.exec_review``).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from backend.fleet.member import Member
from backend.kube.access import ExecSpec
from backend.kube.exec_review import Digest, ExecReview, approval_for
from backend.text import SafeStr, safe_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program file with its arguments, and every cluster that wants to run it."""

    spec: ExecSpec
    seen: ExecReview
    clusters: tuple[SafeStr, ...]
    fingerprints: frozenset[str]
    """To be agreed to: one for each cluster's server. Empty: it can't be approved, ``seen`` says why."""
    ids: tuple[str, ...] = ()
    """Of the clusters."""
    changed: bool = False
    """Another program, or another way to call it, was agreed to before."""

    @property
    def command(self) -> SafeStr:
        """The command line as one would type it."""
        from backend.fleet.registry.approvals import command_line

        return command_line(self.spec)

    @property
    def sentences(self) -> list[SafeStr]:
        """Which file it is, and what speaks against it."""
        from backend.fleet.registry.approvals import sentences

        changed = [safe_text("It is not what was approved before.")] if self.changed else []
        return changed + sentences(self.seen)


def wanting(members: Iterable[Member]) -> list[Program]:
    """The distinct programs that nobody has agreed to as they are now, in the fleet's order.

    Reads and hashes every program's file, each once: call it from a thread. Nothing is run.
    """
    found: dict[tuple[object, ...], Program] = {}
    digests: dict[Path, Digest] = {}
    for member in members:
        spec = member.access.exec
        if spec is None:
            continue
        seen = approval_for(spec, member.access, known=digests)
        if spec.approval is not None and seen.approval == spec.approval:
            continue
        digest = seen.approval.sha256 if seen.approval else ""
        key = (spec.command, seen.path, digest, spec.args, spec.env, spec.api_version, spec.interactive_mode)
        own = frozenset({seen.approval.fingerprint}) if seen.approval else frozenset[str]()
        known = found.get(key)
        name = safe_text(member.name, limit=200)
        found[key] = Program(
            spec=spec,
            seen=known.seen if known else seen,
            clusters=(*known.clusters, name) if known else (name,),
            fingerprints=(known.fingerprints | own) if known else own,
            ids=(*known.ids, member.id) if known else (member.id,),
            changed=spec.approval is not None or (known is not None and known.changed),
        )
    return list(found.values())


def allowed(members: Iterable[Member], agreed: Collection[str]) -> list[Member]:
    """The members, those whose program's fingerprint is agreed to with its approval; from a thread."""
    return [_allowed(member, agreed) for member in members] if agreed else list(members)


def _allowed(member: Member, agreed: Collection[str]) -> Member:
    spec = member.access.exec
    if spec is None or spec.approval is not None:
        return member
    approval = approval_for(spec, member.access).approval
    if approval is None or approval.fingerprint not in agreed:
        return member
    return replace(member, access=replace(member.access, exec=replace(spec, approval=approval)))


def agreed_in_vault() -> frozenset[str]:
    """Fingerprints approved in the vault, if it happens to be unlocked; its time is not extended.

    A kubeconfig in memory needs no vault: none, a locked or a broken one is no error here.
    """
    from backend.fleet.registry import Registry
    from backend.vault import Vault, VaultError

    try:
        vault = Vault.open()
        try:
            if not vault.unlock_cached():
                return frozenset()
            return frozenset(approval.fingerprint for approval in Registry(vault).approvals().values())
        finally:
            vault.close()
    except (VaultError, OSError):
        return frozenset()
