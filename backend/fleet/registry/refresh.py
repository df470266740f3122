"""Taking over what changed in the kubeconfig that a cluster came from, after showing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from backend.fleet.registry.record import CREDENTIAL_FIELDS, REACH_FIELDS, ClusterRecord, digest
from backend.fleet.registry.review import NOTHING, Candidate, Review, Weight, review
from backend.fleet.registry.store import Known, Registry
from backend.kube.certificates import read_certificates
from backend.kube.errors import KubeconfigError
from backend.text import SafeStr, safe_text

_WEIGHTY = {
    "server",
    "ca_pem",
    "tls_server_name",
    "insecure_skip_tls_verify",
    "proxy_url",
    "exec",
    "impersonate",
    "token_file",
}
"""Who is spoken to, or what runs, changes: more than a renewed credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs; secrets are shown by a few characters of their hash."""

    field: str
    before: SafeStr
    after: SafeStr
    weighty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh found for one cluster."""

    known: Known
    changes: tuple[Change, ...] = ()
    candidate: Candidate | None = None
    trouble: SafeStr = NOTHING
    """Why nothing can be taken over: the file or the context is gone, or unusable."""

    @property
    def weighty(self) -> bool:
        return any(change.weighty for change in self.changes)


def refresh(registry: Registry, known: Sequence[Known]) -> list[Refreshed]:
    """Compare clusters with the files they came from; nothing is changed yet (see ``take_over``)."""
    reviews: dict[str, Review | KubeconfigError] = {}
    found = []
    for one in known:
        path = one.record.source.path
        if not path:
            found.append(Refreshed(known=one, trouble=safe_text("It was not imported from a file.")))
            continue
        if path not in reviews:
            try:
                reviews[path] = review(Path(path), known=((k.id, k.record) for k in known))
            except KubeconfigError as error:
                reviews[path] = error
        found.append(_compared(one, reviews[path]))
    return found


def take_over(registry: Registry, found: Refreshed) -> Known:
    """Store what the file says now; name, tags, groups, protection stay. Raises RecordConflict."""
    candidate = found.candidate
    if candidate is None:
        return found.known
    fresh = {field: getattr(candidate.record, field) for field in (*REACH_FIELDS, *CREDENTIAL_FIELDS)}
    detail = "; ".join(f"{c.field}: {c.before} → {c.after}" for c in found.changes)
    return registry.change(
        found.known,
        lambda record: msgspec.structs.replace(record, **fresh),
        act="cluster refresh",
        detail=detail,
    )


def _compared(one: Known, reviewed: Review | KubeconfigError) -> Refreshed:
    if not isinstance(reviewed, Review):
        return Refreshed(known=one, trouble=safe_text(reviewed))
    candidate = reviewed.candidate(one.record.source.context)
    if candidate is None:
        return Refreshed(known=one, trouble=safe_text("Its context is gone from the file, or can't be used."))
    return compared(one, candidate)


def compared(one: Known, candidate: Candidate) -> Refreshed:
    """How the cluster differs from what its source says now."""
    if candidate.refused:
        words = " ".join(c.sentence for c in candidate.concerns if c.weight is Weight.REFUSE)
        return Refreshed(known=one, trouble=safe_text(words))
    changes = tuple(
        Change(
            field=field.replace("_", "-"),
            before=_shown(one.record, field),
            after=_shown(candidate.record, field),
            weighty=field in _WEIGHTY,
        )
        for field in (*REACH_FIELDS, *CREDENTIAL_FIELDS)
        if getattr(one.record, field) != getattr(candidate.record, field)
    )
    return Refreshed(known=one, changes=changes, candidate=candidate if changes else None)


def _shown(record: ClusterRecord, field: str) -> SafeStr:
    value = getattr(record, field)
    if value in (None, "", b""):
        return safe_text("none")
    if field in ("client_cert_pem", "ca_pem"):
        return _certificate(value)
    if isinstance(value, bytes):
        return safe_text(f"‹secret {digest(value)}›")
    if field == "exec":
        return safe_text(" ".join((value.command, *value.args)), limit=300)
    plain = value.user if field == "impersonate" else value
    return safe_text("a proxy with a password" if field == "proxy_url" and "@" in plain else plain, limit=300)


def _certificate(pem: bytes) -> SafeStr:
    try:
        facts = read_certificates(pem)[0]
    except (ValueError, IndexError):
        return safe_text("unreadable")
    return safe_text(
        f"{facts.subject or 'unnamed'} until {facts.not_after:%Y-%m-%d} ({facts.spki_sha256[:8]})"
    )
