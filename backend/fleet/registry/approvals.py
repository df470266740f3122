"""Which programs may run to obtain a credential: what a person saw, and what they agreed to.

An approval is bound to the program's path, owner and content, its arguments and variables, and the server
that gets the credential. That says less than it seems: a wrapper script's hash proves little, because the
script can call anything; and a program can read files that changed since. People are told so.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shlex
import stat
import time
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from backend.kube.access import ClusterAccess, ExecApproval, ExecSpec
from backend.text import SafeStr, safe_text

KIND = "trust"
_SHARED_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - named here to be distrusted


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed to, for one cluster; kept under the vault's seal."""

    cluster_id: str
    path: str
    sha256: str
    owner: int
    fingerprint: str
    approved: int
    """When (seconds since 1970)."""
    shown: str
    """The command line as it was shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A plugin's program as it is on disk now."""

    path: Path
    sha256: str
    owner: int
    script: bool
    doubts: tuple[SafeStr, ...]
    """Sentences a person should weigh before agreeing."""

    @property
    def owner_name(self) -> SafeStr:
        try:
            return safe_text(pwd.getpwuid(self.owner).pw_name)
        except KeyError:
            return safe_text(self.owner)


class ProgramMissing(Exception):
    """The plugin's program can't be found or read; ``sentence`` says why."""

    def __init__(self, sentence: object) -> None:
        self.sentence = safe_text(sentence)
        super().__init__(self.sentence)


def command_line(spec: ExecSpec) -> SafeStr:
    """What would run, as one would type it, variables first."""
    words = [f"{name}={shlex.quote(value)}" for name, value in spec.env]
    words += [shlex.quote(word) for word in (spec.command, *spec.args)]
    return safe_text(" ".join(words), limit=2000)


def inspect_program(spec: ExecSpec) -> Program:
    """Find the program as it would be run, and look at it; nothing is run. Raises ProgramMissing."""
    from backend.kube.exec_plugin import resolve_program

    try:
        path = resolve_program(spec)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ProgramMissing(f"{path} is not a program.")
            script = file.read(2) == b"#!"
            file.seek(0)
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, LookupError, ValueError) as error:
        words = f"The program “{spec.command}” can't be found or read here."
        raise ProgramMissing(f"{words} {spec.install_hint}" if spec.install_hint else words) from error
    return Program(
        path=path,
        sha256=sha256,
        owner=status.st_uid,
        script=script,
        doubts=tuple(_doubts(path, status, script)),
    )


def approve(spec: ExecSpec, *, cluster_id: str, server: str) -> Approval:
    """Agree to the program as it is on disk now. Raises ProgramMissing."""
    from backend.kube.exec_plugin import approval_fingerprint

    program = inspect_program(spec)
    return Approval(
        cluster_id=cluster_id,
        path=str(program.path),
        sha256=program.sha256,
        owner=program.owner,
        fingerprint=approval_fingerprint(spec, server=server, path=program.path, sha256=program.sha256),
        approved=int(time.time()),
        shown=command_line(spec),
    )


def approved(access: ClusterAccess, approval: Approval | None) -> ClusterAccess:
    """The access with its plugin approved, if the approval is for this cluster and the owner is the same.

    Content, arguments and server are compared once more right before every run (``backend.kube``).
    """
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


def _doubts(path: Path, status: os.stat_result, script: bool) -> list[SafeStr]:
    found = []
    if status.st_mode & 0o022:
        found.append("Others can write to this program.")
    if status.st_uid not in (0, os.getuid()):
        found.append("It belongs to another user.")
    real = os.path.realpath(path)
    if real.startswith(tuple(f"{folder}/" for folder in _SHARED_FOLDERS)):
        found.append("It lies in a folder that everybody shares.")
    if Path(real).is_relative_to(Path.cwd()) and Path.cwd() != Path("/"):
        found.append("It lies in the current folder.")
    for folder in Path(real).parents:
        mode = folder.stat().st_mode
        if mode & 0o022 and not mode & stat.S_ISVTX:
            found.append(f"Others can exchange it: {folder} is writable for them.")
            break
    if script:
        found.append("It is a script: the approval covers this file, not what it calls.")
    return [safe_text(sentence) for sentence in found]
