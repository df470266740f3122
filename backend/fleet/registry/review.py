"""Reading a kubeconfig for import: what it offers, demands, and gets wrong. Nothing is run or stored."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from backend.fleet.registry.approvals import command_line, sentences
from backend.fleet.registry.record import ClusterRecord, Source
from backend.kube.access import ClusterAccess
from backend.kube.certificates import CertificateFacts, key_matches, read_certificates
from backend.kube.errors import KubeconfigError
from backend.kube.exec_review import ExecReview, approval_for
from backend.kube.kubeconfig import FileReference, Kubeconfig, Problem, load, parse
from backend.kube.kubeconfig.resolve import plugin_stands_in
from backend.text import SafeStr, safe_text

SOON = timedelta(days=14)
SYSTEM_FOLDERS = (Path("/etc"), Path("/var/run/secrets"), Path("/run/secrets"))
"""Where cluster tools keep certificate authorities and tokens."""


NOTHING = SafeStr("")


class Weight(Enum):
    """How much a concern weighs."""

    SHOW = "show"
    CONSENT = "consent"
    """Imported only when a person agrees to this very thing."""
    REFUSE = "refuse"
    """Can't be imported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing a person should know about a cluster before it is imported."""

    code: str
    """``insecure-tls``, ``plain-http``, ``outside-file``, ``program``…: what consent names."""
    weight: Weight
    sentence: SafeStr


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A context of the file that could be imported."""

    context: str
    """As the file spells it; identifies the candidate in the review."""
    name: SafeStr
    record: ClusterRecord
    concerns: tuple[Concern, ...]
    files: tuple[FileReference, ...] = ()
    """Read and taken into the vault; a tokenFile is read again whenever it is needed."""
    authentication: SafeStr = NOTHING
    certificate: CertificateFacts | None = None
    command: SafeStr = NOTHING
    """The exec plugin's command line; empty: none."""
    program: ExecReview | None = None
    """What would run, as it is on disk."""
    known: str = ""
    """Id of the vault's cluster that came from this context of this file."""

    @property
    def consents(self) -> frozenset[str]:
        """Codes that a person must agree to."""
        return frozenset(c.code for c in self.concerns if c.weight is Weight.CONSENT)

    @property
    def refused(self) -> bool:
        return any(c.weight is Weight.REFUSE for c in self.concerns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What a kubeconfig offers."""

    source: SafeStr
    path: str
    candidates: tuple[Candidate, ...]
    problems: tuple[Problem, ...]
    """What can't be used; the rest can."""

    def candidate(self, context: str) -> Candidate | None:
        return next((c for c in self.candidates if c.context == context), None)


def review(source: Path | bytes, *, known: Iterable[tuple[str, ClusterRecord]] = ()) -> Review:
    """Examine a kubeconfig (a path, or its bytes); ``known`` are (id, record) of the vault's clusters.

    Raises KubeconfigError when nothing of the file can be used.
    """
    config = load(source) if isinstance(source, Path) else parse(source, origin=None)
    path = str(source.absolute()) if isinstance(source, Path) else ""
    present = list(known)
    candidates, problems = [], list(config.problems)
    for context in config.usable:
        try:
            candidates.append(_candidate(config, context, path, present))
        except KubeconfigError as error:
            problems.append(
                Problem(where=safe_text(f"context {context}"), sentence=error.sentence, advice=error.advice)
            )
    return Review(
        source=safe_text(path or "standard input"),
        path=path,
        candidates=tuple(candidates),
        problems=tuple(problems),
    )


def _candidate(
    config: Kubeconfig, context: str, path: str, present: list[tuple[str, ClusterRecord]]
) -> Candidate:
    access = config.access(context, read_files=True)
    files = config.files(context)
    record = ClusterRecord.of(access, source=Source(path=path, context=context))
    known = next((i for i, r in present if path and (r.source.path, r.source.context) == (path, context)), "")
    certificate, concerns = _certificate(access)
    concerns += _reach(access) + _files(files, config.origin) + _authority(access) + _rights(access)
    program, about_program = _program(access)
    concerns += about_program
    if plugin_stands_in(config, context):
        concerns.append(_show("auth-provider", _STANDS_IN))
    twins = [r.name for i, r in present if i != known and r.server == record.server]
    if twins:
        concerns.append(_show("same-server", f"The vault has this server already, as “{twins[0]}”."))
    if not context.isascii():
        points = " ".join(f"U+{ord(c):04X}" for c in context if not c.isascii())
        concerns.append(
            _show("odd-name", f"The name holds characters that can look like others: {points[:200]}")
        )
    return Candidate(
        context=context,
        name=safe_text(context, limit=253),
        record=record,
        concerns=tuple(concerns),
        files=files,
        authentication=authentication(record),
        certificate=certificate,
        command=command_line(access.exec) if access.exec else SafeStr(""),
        program=program,
        known=known,
    )


_STANDS_IN = (
    "The file signs in by the auth-provider oidc. kubelogin takes its place and logs in by itself; the file "
    "and the tokens in it stay kubectl's."
)


def authentication(record: ClusterRecord) -> SafeStr:
    """How the cluster is told who one is, in a few words without secrets."""
    ways = []
    if record.client_cert_pem:
        ways.append("client certificate")
    if record.token_file:
        ways.append(f"token from {record.token_file}")
    elif record.token:
        ways.append("token")
    if record.username or record.password:
        ways.append("user name and password")
    if record.exec:
        ways.append(f"program {record.exec.command}")
    return safe_text(", ".join(ways) or "none (anonymous)")


def _show(code: str, sentence: object) -> Concern:
    return Concern(code=code, weight=Weight.SHOW, sentence=safe_text(sentence, limit=1000))


def _consent(code: str, sentence: object) -> Concern:
    return Concern(code=code, weight=Weight.CONSENT, sentence=safe_text(sentence, limit=1000))


def _reach(access: ClusterAccess) -> list[Concern]:
    found = []
    url = urlsplit(access.server)
    if url.scheme == "http" and not _loopback(url.hostname or ""):
        found.append(
            _consent("plain-http", "http: everything, credentials too, goes over the network readable.")
        )
    if access.insecure_skip_tls_verify:
        what = (
            "; the token can be taken by whoever stands in between"
            if access.token or access.token_file
            else ""
        )
        found.append(_consent("insecure-tls", f"The server's certificate is not checked{what}."))
    if access.proxy_url:
        proxy = urlsplit(access.proxy_url)
        found.append(
            _show("proxy", f"All traffic goes through {proxy.scheme}://{proxy.hostname}:{proxy.port or ''}")
        )
    if access.tls_server_name:
        found.append(
            _show("tls-server-name", f"The server must show a certificate for {access.tls_server_name}.")
        )
    return found


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _files(files: Iterable[FileReference], origin: Path | None) -> list[Concern]:
    home = origin.absolute().parent.resolve() if origin else None
    found = []
    for file in files:
        inside = home is not None and file.resolved.is_relative_to(home)
        system = any(file.resolved.is_relative_to(folder) for folder in SYSTEM_FOLDERS)
        verb = "read at every use" if file.field == "tokenFile" else "taken into the vault"
        sentence = f"{file.field}: {file.resolved} is {verb}"
        if inside or (system and file.field != "client-key"):
            found.append(_show("file", sentence))
        else:
            found.append(_consent("outside-file", f"{sentence}; it lies outside the kubeconfig's folder."))
    return found


def _authority(access: ClusterAccess) -> list[Concern]:
    if access.ca_pem is None:
        return []
    try:
        authorities = read_certificates(access.ca_pem)
    except ValueError as error:
        return [
            Concern(
                code="bad-ca", weight=Weight.REFUSE, sentence=safe_text(f"Certificate authority: {error}")
            )
        ]
    now = datetime.now(UTC)
    if authorities and all(authority.not_after < now for authority in authorities):
        last = max(authority.not_after for authority in authorities)
        return [_show("expired-ca", f"The certificate authority expired on {last:%Y-%m-%d}.")]
    return []


def _certificate(access: ClusterAccess) -> tuple[CertificateFacts | None, list[Concern]]:
    if access.client_cert_pem is None:
        return None, []
    key = access.client_key_pem
    try:
        facts = read_certificates(access.client_cert_pem)[0]
        matches = key is not None and key_matches(access.client_cert_pem, key)
    except (ValueError, IndexError) as error:
        broken = safe_text(f"Client certificate or key: {error}.")
        return None, [Concern(code="bad-certificate", weight=Weight.REFUSE, sentence=broken)]
    if not matches:
        sentence = safe_text("The client key does not belong to the client certificate.")
        return facts, [Concern(code="key-mismatch", weight=Weight.REFUSE, sentence=sentence)]
    return facts, _validity(facts)


def _validity(facts: CertificateFacts) -> list[Concern]:
    now = datetime.now(UTC)
    until = f"{facts.not_after:%Y-%m-%d %H:%M} UTC"
    if facts.not_after < now:
        return [_show("expired", f"The client certificate expired on {until}.")]
    if facts.not_before > now:
        return [_show("not-yet-valid", f"The client certificate is valid from {facts.not_before:%Y-%m-%d}.")]
    if facts.not_after < now + SOON:
        return [_show("expires-soon", f"The client certificate expires on {until}.")]
    return []


def _rights(access: ClusterAccess) -> list[Concern]:
    found = []
    if access.impersonate:
        who = access.impersonate
        groups = f", groups {', '.join(who.groups)}" if who.groups else ""
        found.append(_show("impersonation", f"Acts as {who.user}{groups} (impersonation)."))
    if access.username or access.password:
        found.append(_show("basic-auth", "User name and password: Kubernetes dropped this in 1.19."))
    anonymous = not (
        access.client_cert_pem or access.token or access.token_file or access.username or access.exec
    )
    if anonymous:
        found.append(_show("anonymous", "No credential: the server will treat you as anonymous."))
    return found


def _program(access: ClusterAccess) -> tuple[ExecReview | None, list[Concern]]:
    if access.exec is None:
        return None, []
    seen = approval_for(access.exec, access)
    runs = _show("program", f"Runs a program with your rights: {command_line(access.exec)}")
    return seen, [runs, *(_show("program-file", sentence) for sentence in sentences(seen))]
