"""One run of a plugin for all clusters that would get the same answer, and one person's attention at a time.

client-go shares an authenticator between clusters whose exec sections are equal (and whose cluster
information is, where the plugin is given any); so do we. A plugin that may ask has the terminal to itself.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.kube.access import ClusterAccess, ExecSpec
from backend.kube.errors import CredentialError, ExecNotApproved
from backend.kube.exec_environment import exec_info
from backend.kube.exec_plugin import PluginCredential, run_plugin
from backend.kube.exec_review import fingerprint

AT_ONCE = 8
"""Programs that run at the same time without a person."""
PATIENCE = 5.0
"""Seconds after which a program that is not done gives its place to others: it may hang."""
SAME_FAILURE = 10.0
"""Seconds in which a program that just failed is not run again for the next cluster."""


@dataclass(slots=True)
class _Shared:
    """What equal clusters have in common."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    credential: PluginCredential | None = None
    failed: CredentialError | None = None
    failed_at: float = 0.0


class SharedPlugins:
    """Runs plugins for a whole fleet; a :class:`~backend.kube.credentials.Runner`.

    Credentials stay in memory as long as this object. It outlives a fleet that is made anew, so that nobody
    is asked twice.
    """

    def __init__(self, run: Callable[..., object] = run_plugin) -> None:
        self._run = run
        self._shared: dict[Hashable, _Shared] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._terminal = asyncio.Lock()

    async def __call__(
        self,
        spec: ExecSpec,
        access: ClusterAccess,
        *,
        interactive: bool,
        unwanted: PluginCredential | None = None,
    ) -> PluginCredential:
        """A credential other than ``unwanted``: one that an equal cluster got, or the plugin's next.

        Raises as ``run_plugin`` does.
        """
        shared = self._shared.setdefault(key(spec, access), _Shared())
        async with shared.lock:
            known = shared.credential
            if known is not None and known is not unwanted and _lasts(known):
                _check(spec, access)
                return known
            if not interactive and shared.failed and time.monotonic() - shared.failed_at < SAME_FAILURE:
                error = shared.failed
                raise type(error)(access.name, error.sentence, advice=error.advice, detail=error.detail)
            async with self._terminal_or_place(interactive):
                try:
                    given = await self._run(spec, access, interactive=interactive)  # type: ignore[misc]
                except ExecNotApproved:
                    raise  # of this cluster alone
                except CredentialError as error:
                    shared.failed, shared.failed_at = error, time.monotonic()
                    raise
            assert isinstance(given, PluginCredential)
            shared.credential, shared.failed = given, None
            return given

    @asynccontextmanager
    async def _terminal_or_place(self, interactive: bool) -> AsyncIterator[None]:
        if interactive:
            async with self._terminal:
                yield
            return
        await self._places.acquire()
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._places.release()

        patience = asyncio.get_running_loop().call_later(PATIENCE, leave)
        try:
            yield
        finally:
            patience.cancel()
            leave()


def key(spec: ExecSpec, access: ClusterAccess) -> Hashable:
    """Equal for clusters that one run serves: the same program file, arguments, environment and questions."""
    approval = spec.approval
    return (
        *(spec.api_version, spec.command, spec.args, spec.env, spec.interactive_mode, spec.base_dir),
        *((approval.path, approval.sha256) if approval else ()),
        exec_info(spec, access, interactive=False) if spec.provide_cluster_info else "",
    )


def _lasts(credential: PluginCredential) -> bool:
    return credential.expires is None or credential.expires > datetime.now(UTC)


def _check(spec: ExecSpec, access: ClusterAccess) -> None:
    """What an equal cluster's run got is given only to a cluster whose own approval holds."""
    approval = spec.approval
    if approval is None:
        raise ExecNotApproved(access.name, f"the exec plugin {spec.command} was never approved")
    if fingerprint(spec, access, approval.path, approval.sha256) != approval.fingerprint:
        raise ExecNotApproved(
            access.name, f"how the exec plugin {spec.command} is called was changed since it was approved"
        )
