"""Running an exec credential plugin: the approved program, watched closely, and what it prints.

Follows the client authentication API (client.authentication.k8s.io v1 and v1beta1). No shell; nothing to
read unless a person is there; a deadline; and nothing of it left running afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import CredentialError, LoginGivenUp
from backend.kube.exec_environment import environment
from backend.kube.exec_review import check_approval
from backend.kube.foreground import job, stopped
from backend.kube.tls import ClientCertificate
from backend.secret import Secret

DEADLINE = 60.0
LOGIN_DEADLINE = 300.0
"""Seconds for a person to find their passphrase, their phone, the browser's window."""
MAX_STDOUT = 1024 * 1024
MAX_STDERR = 64 * 1024
MAX_CHATTER = 16 * 1024 * 1024
"""Bytes on stderr after which a plugin is taken for one that never ends, and is ended."""
_LOOK = 0.5
"""Seconds between looks whether it was stopped."""
_GIVEN_UP = frozenset({-signal.SIGINT, -signal.SIGQUIT, 128 + signal.SIGINT, 128 + signal.SIGQUIT})
"""How a program ends that ctrl-c or ctrl-\\ ended."""
_GRACE = 1.0
"""Seconds between asking a plugin to end and ending it, and for its pipes to drain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginCredential:
    """What a plugin gave: a token, a client certificate, or both."""

    token: Secret | None
    certificate: ClientCertificate | None
    expires: datetime | None
    """UTC; None: good until the server refuses it."""


class _Status(msgspec.Struct, rename="camel"):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _ExecCredential(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    status: _Status | None = None


async def run_plugin(
    spec: ExecSpec,
    access: ClusterAccess,
    *,
    interactive: bool,
    deadline: float | None = None,
    environ: Mapping[str, str] = os.environ,
) -> PluginCredential:
    """Run the approved plugin once and return its credential.

    ``interactive``: a person is there and this process's terminal is free for the plugin, which gets it as a
    shell's job does: ctrl-c ends the plugin, not us. ``deadline``: in seconds; None: one minute, with a
    person five. Raises ExecNotApproved, LoginGivenUp, or CredentialError with one sentence for anything else.
    """
    interactive = interactive and spec.interactive_mode != "Never"
    deadline = deadline or (LOGIN_DEADLINE if interactive else DEADLINE)
    program = await asyncio.to_thread(check_approval, spec, access)
    told = environment(spec, access, interactive=interactive, environ=environ)
    async with (
        _captured(MAX_STDOUT, flood=MAX_STDOUT) as output,
        _captured(MAX_STDERR, flood=MAX_CHATTER) as complaints,
    ):
        with job() if interactive else contextlib.nullcontext() as foreground:
            try:
                process = await asyncio.create_subprocess_exec(
                    program,
                    *spec.args,
                    stdin=None if interactive else asyncio.subprocess.DEVNULL,
                    stdout=output.write_end,
                    stderr=None if interactive else complaints.write_end,
                    env=told,
                    cwd=Path.home(),
                    # Its own session: it can't reach our terminal. With a person, a job of its own in ours.
                    # In both its children can be ended with it.
                    start_new_session=not interactive,
                    process_group=0 if interactive else None,
                )
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or error
                raise _failure(spec, access, f"can't be run: {reason}", advice=spec.install_hint) from None
            finally:
                output.opened()
                complaints.opened()
            if foreground is not None:
                foreground.begin(process.pid)
            ended = await _watched(process, (output, complaints), spec, access, deadline)
    if interactive and (not ended or process.returncode in _GIVEN_UP):
        raise LoginGivenUp(access.name, f"the login was given up ({Path(spec.command).name})")
    for capture in (output, complaints):
        if capture.flooded.done():
            raise _failure(spec, access, f"printed more than {capture.flood // 1024} KiB and was ended")
    if process.returncode != 0:
        raise _failure(spec, access, f"failed: it {_ending(process)}", detail=bytes(complaints.kept))
    return _credential(bytes(output.kept), bytes(complaints.kept), spec, access)


class _Capture(asyncio.Protocol):
    """What comes out of a pipe: all of it is read, so that the writer never blocks; the first bytes are kept.

    ``flooded`` is done as soon as more than ``flood`` bytes came.

    A pipe of our own, because asyncio's own make ``wait`` wait for every process that inherited them.
    """

    def __init__(self, keep: int, *, flood: int) -> None:
        self.kept = bytearray()
        self.flood = flood
        self.flooded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed = asyncio.get_running_loop().create_future()
        self.read_end, self.write_end = os.pipe()
        self._keep = keep
        self._came = 0
        self._write_open = True

    def opened(self) -> None:
        """The program has its end; ours is closed, so that the pipe ends with the program."""
        if self._write_open:
            self._write_open = False
            os.close(self.write_end)

    def data_received(self, data: bytes) -> None:
        self.kept += data[: self._keep - len(self.kept)]
        self._came += len(data)
        if self._came > self.flood and not self.flooded.done():
            self.flooded.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed.done():
            self.closed.set_result(None)


@contextlib.asynccontextmanager
async def _captured(keep: int, *, flood: int) -> AsyncIterator[_Capture]:
    capture = _Capture(keep, flood=flood)
    file = os.fdopen(capture.read_end, "rb", buffering=0)
    try:
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: capture, file)
    except BaseException:
        file.close()
        capture.opened()
        raise
    try:
        yield capture
    finally:
        capture.opened()
        transport.close()
        await capture.closed  # in the loop's next turn


async def _watched(
    process: Process,
    captures: tuple[_Capture, _Capture],
    spec: ExecSpec,
    access: ClusterAccess,
    deadline: float,
) -> bool:
    """Wait until it ends or floods us; whatever happens, it and its children are gone afterwards.

    False: somebody stopped it (ctrl-z), and nobody could continue it.
    """
    ended = asyncio.ensure_future(process.wait())
    watched: list[asyncio.Future[Any]] = [ended, *(capture.flooded for capture in captures)]
    halted = False
    try:
        async with asyncio.timeout(deadline):
            while not halted and not any(future.done() for future in watched):
                await asyncio.wait(watched, timeout=_LOOK, return_when=asyncio.FIRST_COMPLETED)
                halted = not ended.done() and stopped(process.pid)
    except TimeoutError:
        raise _failure(
            spec,
            access,
            f"did not finish within {deadline:g} s and was ended",
            advice="It may wait for a person: run navarch cluster login.",
        ) from None
    finally:
        ended.cancel()
        await asyncio.shield(_end(process))
    # The rest is in the pipes; a daemon that left the group may hold them open for ever.
    await asyncio.wait([capture.closed for capture in captures], timeout=_GRACE)
    return not halted


async def _end(process: Process) -> None:
    """End the plugin, politely first, and its whole process group."""
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _GRACE)
    _signal(process, signal.SIGKILL)
    await process.wait()


def _ending(process: Process) -> str:
    code = process.returncode or 0
    return f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"


def _signal(process: Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgrp() != _group(process):
            os.killpg(process.pid, number)
        elif process.returncode is None:
            process.send_signal(number)


def _group(process: Process) -> int:
    """The plugin's process group; its own number once it is gone (its children keep the group)."""
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return process.pid


def _credential(output: bytes, complaints: bytes, spec: ExecSpec, access: ClusterAccess) -> PluginCredential:
    """Read the ExecCredential. What was printed is never shown: it may hold a token."""
    try:
        printed = msgspec.json.decode(output, type=_ExecCredential)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise _failure(
            spec, access, "printed something that is not an ExecCredential", detail=complaints
        ) from None
    if printed.kind != "ExecCredential" or printed.api_version != spec.api_version:
        said = f"{printed.api_version} {printed.kind}".strip() or "nothing"
        raise _failure(
            spec,
            access,
            f"printed {said[:100]} instead of {spec.api_version} ExecCredential",
            advice="Update the plugin, or the apiVersion in the kubeconfig.",
        )
    status = printed.status
    if status is None or not (status.token or status.client_certificate_data):
        raise _failure(spec, access, "gave neither a token nor a client certificate", detail=complaints)
    if bool(status.client_certificate_data) != bool(status.client_key_data):
        raise _failure(spec, access, "gave a client certificate or key without the other")
    certificate = None
    if status.client_certificate_data:
        certificate = ClientCertificate(
            cert_pem=status.client_certificate_data.encode(), key_pem=Secret(status.client_key_data)
        )
    expires = status.expiration_timestamp
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=UTC)
    return PluginCredential(
        token=Secret(status.token) if status.token else None, certificate=certificate, expires=expires
    )


def _failure(
    spec: ExecSpec, access: ClusterAccess, what: str, *, advice: str = "", detail: bytes = b""
) -> CredentialError:
    return CredentialError(
        access.name,
        f"the exec plugin {spec.command} {what}",
        advice=advice or "Run the command by hand to see what it needs, then: navarch cluster login",
        detail=detail.decode("utf-8", "replace"),
    )
