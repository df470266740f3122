"""Which programs may run to obtain a credential: what a person agreed to, kept under the vault's seal.

``backend.kube.exec_review`` finds and hashes the program and checks it again before each run; here the
agreement is remembered, and the program's owner with it. It says less than it seems: a wrapper script's hash
proves little, because the script can call anything. People are told so.
"""

from __future__ import annotations

import re
import shlex
import time
from dataclasses import replace
from pathlib import Path

import msgspec

from backend.kube.access import ClusterAccess, ExecApproval, ExecSpec
from backend.kube.exec_review import ExecReview
from backend.text import SafeStr, safe_text

KIND = "trust"
_SECRET_NAME = re.compile(r"SECRET|TOKEN|PASSW|PASSPHRASE|CREDENTIAL|(^|_)KEY($|_)", re.IGNORECASE)


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed to, for one cluster."""

    cluster_id: str
    path: str
    sha256: str
    owner: int
    fingerprint: str
    approved: int
    """When (seconds since 1970)."""
    shown: str
    """The command line as it was shown."""


def command_line(spec: ExecSpec) -> SafeStr:
    """What would run, as one would type it, variables first; those that seem to hold secrets are hidden."""
    words = [
        f"{name}={'‹hidden›' if _SECRET_NAME.search(name) else shlex.quote(value)}"
        for name, value in spec.env
    ]
    words += [shlex.quote(word) for word in (spec.command, *spec.args)]
    return safe_text(" ".join(words), limit=2000)


def agree(seen: ExecReview, spec: ExecSpec, *, cluster_id: str) -> Approval | None:
    """The agreement to what was seen; None when there is no program to agree to, or it vanished meanwhile."""
    if seen.approval is None:
        return None
    try:
        owner = seen.approval.path.stat().st_uid
    except OSError:
        return None
    return Approval(
        cluster_id=cluster_id,
        path=str(seen.approval.path),
        sha256=seen.approval.sha256,
        owner=owner,
        fingerprint=seen.approval.fingerprint,
        approved=int(time.time()),
        shown=str(command_line(spec)),
    )


def approved(access: ClusterAccess, approval: Approval | None) -> ClusterAccess:
    """The access with its plugin approved, if the approval is for this cluster and the owner is the same."""
    if access.exec is None or approval is None or approval.cluster_id != access.id:
        return access
    path = Path(approval.path)
    try:
        if path.stat().st_uid != approval.owner:
            return access
    except OSError:
        return access
    agreed = ExecApproval(path=path, sha256=approval.sha256, fingerprint=approval.fingerprint)
    return replace(access, exec=replace(access.exec, approval=agreed))


def sentences(seen: ExecReview) -> list[SafeStr]:
    """What a person should weigh before agreeing: which file it is, and what speaks against it."""
    if seen.refusal:
        return [seen.refusal]
    found: list[str] = []
    if seen.approval is not None:
        digest = seen.approval.sha256[:16]
        found.append(f"That is {seen.path} ({seen.mode}, owner {seen.owner}, SHA-256 {digest}…).")
    found += seen.dangers
    if seen.script:
        found.append("It is a script: the approval covers this file, not what it calls.")
    return [safe_text(sentence) for sentence in found]
