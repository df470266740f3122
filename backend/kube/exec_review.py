"""Which program a kubeconfig wants to run: shown to a person, approved, and checked again before each run.

An approval is bound to the program's absolute path, the hash of its file, its arguments, declared
environment, API version and the server. A wrapper script's hash proves little, since it can call anything:
the review says what was hashed. Between the check and the run, someone who may write the file could still
swap it; the review therefore warns of files that others may write.
"""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from backend.kube.access import ClusterAccess, ExecApproval, ExecSpec
from backend.kube.errors import CredentialError, ExecNotApproved
from backend.kube.exec_environment import loader_variables
from backend.text import SafeStr, safe_text

MAX_PROGRAM = 1024 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecReview:
    """What the import review shows about an exec plugin. Nothing of it was run."""

    command: SafeStr
    args: tuple[SafeStr, ...]
    env: tuple[tuple[SafeStr, SafeStr], ...]
    path: Path | None
    owner: SafeStr
    mode: str
    """``-rwxr-xr-x``; empty if there is no file."""
    script: bool
    """Begins with ``#!``: its hash covers only this file, not what it calls."""
    dangers: tuple[SafeStr, ...]
    """Reasons not to approve it; a person has to override them knowingly."""
    refusal: SafeStr
    """Why there can be no approval; empty if there can."""
    approval: ExecApproval | None
    """To be put into ``ExecSpec.approval`` once a person has agreed."""


Digest = tuple[str, bytes]
"""(hex SHA-256, first bytes) of a program file."""


def approval_for(
    spec: ExecSpec, access: ClusterAccess, *, known: dict[Path, Digest] | None = None
) -> ExecReview:
    """Find the program that ``spec`` would run for ``access`` and what speaks against it.

    ``known``: files that were read a moment ago, for many clusters of few programs; it is added to.
    """
    path, refusal = None, ""
    status, digest, beginning = None, "", b""
    try:
        path = resolve_command(spec)
        status = path.stat()
        known = {} if known is None else known
        digest, beginning = known[path] = known.get(path) or _hashed(path)
    except OSError as error:
        refusal = str(error.strerror or error)
    approval = None
    if path is not None and status is not None and not refusal:
        approval = ExecApproval(path=path, sha256=digest, fingerprint=fingerprint(spec, access, path, digest))
    return ExecReview(
        command=safe_text(spec.command),
        args=tuple(safe_text(a) for a in spec.args),
        env=tuple((safe_text(k), safe_text(v)) for k, v in spec.env),
        path=path,
        owner=safe_text(_owner(status.st_uid)) if status else safe_text(""),
        mode=stat.filemode(status.st_mode) if status else "",
        script=beginning.startswith(b"#!"),
        dangers=tuple(safe_text(d) for d in _dangers(spec, path, status)),
        refusal=safe_text(refusal),
        approval=approval,
    )


def resolve_command(spec: ExecSpec) -> Path:
    """The absolute path of the program: as given, beside the kubeconfig, or on PATH (client-go's way).

    Relative entries of PATH are skipped, so that no program of the current folder is picked up. Raises
    FileNotFoundError with a sentence.
    """
    if os.path.isabs(spec.command):
        return Path(spec.command)
    if "/" in spec.command:
        if spec.base_dir is None:
            raise FileNotFoundError(0, f"{spec.command} is relative to a kubeconfig whose place is not known")
        return Path(os.path.normpath(spec.base_dir / spec.command))
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        candidate = Path(folder) / spec.command
        if folder.startswith("/") and candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(0, f"{spec.command} is not on PATH")


def fingerprint(spec: ExecSpec, access: ClusterAccess, path: Path, sha256: str) -> str:
    """Hex SHA-256 over everything that an approval is bound to."""
    bound = {
        "command": spec.command,
        "path": str(path),
        "sha256": sha256,
        "args": spec.args,
        "env": spec.env,
        "apiVersion": spec.api_version,
        "provideClusterInfo": spec.provide_cluster_info,
        "server": access.server,
    }
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


def check_approval(spec: ExecSpec, access: ClusterAccess) -> Path:
    """The program to run, after comparing it with what was approved.

    Reads the whole file: call it from a thread. Raises ExecNotApproved, or CredentialError if the program
    is missing.
    """
    approval = spec.approval
    if approval is None:
        raise ExecNotApproved(access.name, f"the exec plugin {spec.command} was never approved")
    try:
        digest, _ = _hashed(approval.path)
    except OSError as error:
        raise CredentialError(
            access.name,
            f"the exec plugin {approval.path} can't be run: {error.strerror or error}",
            advice=spec.install_hint or "Install it again, or import the kubeconfig again.",
        ) from None
    if digest != approval.sha256:
        raise ExecNotApproved(
            access.name, f"the exec plugin {approval.path} was changed since it was approved"
        )
    if fingerprint(spec, access, approval.path, digest) != approval.fingerprint:
        raise ExecNotApproved(
            access.name, f"how the exec plugin {spec.command} is called was changed since it was approved"
        )
    return approval.path


def _hashed(path: Path) -> Digest:
    """Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_PROGRAM:
            raise OSError(0, f"{path} is not a program file")
        if not os.access(path, os.X_OK):
            raise OSError(0, f"{path} is not executable")
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        return digest, file.read(2)


def _dangers(spec: ExecSpec, path: Path | None, status: os.stat_result | None) -> list[str]:
    found = [f"it sets {name}, which is not passed on" for name in loader_variables(spec)]
    if path is None or status is None:
        return found
    if status.st_uid not in {0, os.getuid()}:
        found.append(f"it belongs to {_owner(status.st_uid)}, who can change it")
    shared_group = status.st_mode & stat.S_IWGRP and status.st_gid not in {0, os.getgid()}
    if status.st_mode & stat.S_IWOTH or shared_group:
        found.append("others can change it")
    for folder in path.resolve().parents:
        if folder.stat().st_mode & stat.S_IWOTH:
            found.append(f"it is in {folder}, where everybody can write")
    if not os.path.isabs(spec.command) and "/" in spec.command:
        found.append("it came along with the kubeconfig")
    return found


def _owner(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
