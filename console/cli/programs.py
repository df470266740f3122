"""Programs that a kubeconfig in memory wants to run: approved for this one command, or not run."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace

from backend.fleet.member import Member
from backend.fleet.registry import Registry
from backend.fleet.registry.approvals import command_line, sentences
from backend.kube.access import ExecSpec
from backend.kube.exec_review import ExecReview, approval_for
from backend.vault import Vault, VaultError
from console.cli import prompt


def approved_for_now(found: Iterable[Member]) -> list[Member]:
    """The members, with those exec plugins approved that the unlocked vault knows or a person agrees to now.

    Without a terminal nobody is asked; a plugin that is not approved makes its cluster say so. Nothing is
    remembered: importing the kubeconfig does that.
    """
    everyone = list(found)
    if not any(member.access.exec for member in everyone):
        return everyone
    agreed, declined = _known_fingerprints(), set[str]()
    return [_with_program(member, agreed, declined) for member in everyone]


def _with_program(member: Member, agreed: set[str], declined: set[str]) -> Member:
    spec = member.access.exec
    if spec is None:
        return member
    seen = approval_for(spec, member.access)
    if seen.approval is None or seen.approval.fingerprint in declined:
        return member
    if seen.approval.fingerprint not in agreed:
        if not prompt.person_present():
            return member
        show_program(spec, seen)
        if not prompt.agree("Let this program run with your rights, for this command only?"):
            declined.add(seen.approval.fingerprint)
            return member
        agreed.add(seen.approval.fingerprint)
    access = replace(member.access, exec=replace(spec, approval=seen.approval))
    return replace(member, access=access)


def show_program(spec: ExecSpec, seen: ExecReview, *, note: str = "") -> None:
    """What would run, and what speaks against it, on stderr."""
    print(f"{command_line(spec)}{note}", file=sys.stderr)
    for sentence in sentences(seen):
        print(f"  {sentence}", file=sys.stderr)


def _known_fingerprints() -> set[str]:
    """What was approved in the vault, if it happens to be unlocked; a kubeconfig in memory needs no vault."""
    try:
        vault = Vault.open()
        try:
            if not vault.unlock_cached():
                return set()
            return {approval.fingerprint for approval in Registry(vault).approvals().values()}
        finally:
            vault.close()
    except (VaultError, OSError):
        return set()
