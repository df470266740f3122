"""As whom a cluster is spoken to: one current credential, renewed where that needs no person."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from backend.kube.access import ClusterAccess, ExecSpec, Impersonation
from backend.kube.errors import CredentialError, ExecNotApproved, NeedsLogin
from backend.kube.exec_plugin import PluginCredential, run_plugin
from backend.kube.regular_file import read_regular
from backend.kube.tls import ClientCertificate
from backend.secret import Secret

TOKEN_FILE_FRESH = 60.0
"""Seconds after which a token file is read again; client-go's period."""
MAX_TOKEN = 64 * 1024
RENEW_EARLY = timedelta(seconds=30)
FAILURE_PAUSE = 60.0
"""Seconds before a plugin that failed, and never prompts, is run again."""
AFTER_401_PAUSE = 300.0
"""Seconds between two runs of a plugin because of a 401: if its credential is refused too, it won't help."""


class Runner(Protocol):
    """Gets a plugin's credential: ``SharedPlugins``, or a test's."""

    async def __call__(
        self, spec: ExecSpec, access: ClusterAccess, *, interactive: bool, unwanted: PluginCredential | None
    ) -> PluginCredential:
        """``unwanted``: what this cluster was given last, and can't use any more."""
        ...


async def _alone(
    spec: ExecSpec, access: ClusterAccess, *, interactive: bool, unwanted: PluginCredential | None
) -> PluginCredential:
    """A run that is shared with no other cluster."""
    return await run_plugin(spec, access, interactive=interactive)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one request is sent with; the one current credential is known by identity. Times are UTC."""

    authorization: Secret | None = None
    """Value of the Authorization header."""
    certificate: ClientCertificate | None = None
    expires: datetime | None = None
    renew_at: datetime | None = None


class Credentials:
    """The credential of one cluster, shared by all its requests.

    An exec plugin is run once for however many requests wait for it, and goes on when the request that
    caused it is cancelled. Without a person it is run when there is no credential yet and when the last
    one has expired; after a 401 only if it says that it never prompts (a browser must not open by itself,
    again and again). Whatever failed is not tried again at once.
    """

    def __init__(
        self,
        access: ClusterAccess,
        *,
        runner: Runner = _alone,
        attended: bool = False,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """``attended``: a person sits at our terminal all the time, so a plugin may ask (a command line)."""
        self._access = access
        self._runner = runner
        self._attended = attended
        self._given: PluginCredential | None = None
        self._clock = clock
        self._wall = wall
        self._flight: asyncio.Task[Credential] | None = None
        self._current: Credential | None = None
        self._read_at = 0.0
        self._refreshed_at = float("-inf")
        self._failed: CredentialError | None = None
        self._failed_at = 0.0

    @property
    def uses_plugin(self) -> bool:
        """A static token or password wins over a plugin, as in client-go."""
        access = self._access
        return access.exec is not None and not (
            access.token or access.token_file or access.username or access.password
        )

    async def current(self) -> Credential:
        """The credential to send now. Raises CredentialError, ExecNotApproved or NeedsLogin."""
        if self._current is None or self._stale(self._current):
            return await self._renew(attended=False)
        return self._current

    async def refresh_after_401(self, rejected: Credential) -> bool:
        """Is there another credential to try, now that the server refused ``rejected``?

        Many watches may be refused at once: the first renews, the others find it done. Raises NeedsLogin if
        only a person can get another one.
        """
        if self._flight is not None and not self._flight.done():
            await self._renew(attended=False)
        if self._current is not None and self._current is not rejected:
            return True
        if self.uses_plugin:
            return await self._plugin_after_401(rejected)
        if self._access.token_file is None:
            return False
        renewed = await self._renew(attended=False)
        return renewed.authorization != rejected.authorization

    async def login(self, *, interactive: bool) -> None:
        """Get a new credential because a person asked for it.

        ``interactive``: the terminal is free for a plugin that prompts. Raises CredentialError.
        """
        if self._flight is not None and not self._flight.done():
            await asyncio.wait([self._flight])  # one that runs without a person can't become one with
        self._failed = None
        self._refreshed_at = float("-inf")
        await self._renew(attended=True, interactive=interactive)

    async def aclose(self) -> None:
        """End a plugin that is running."""
        if self._flight is not None:
            self._flight.cancel()
            await asyncio.wait([self._flight])

    async def _plugin_after_401(self, rejected: Credential) -> bool:
        expired = rejected.expires is not None and rejected.expires <= self._wall()
        spec = self._access.exec
        assert spec is not None
        if not expired and spec.interactive_mode != "Never" and not self._attended:
            raise NeedsLogin(
                self._access.name,
                f"the server refused the credential that {spec.command} gave; a new one may need a person",
            )
        if self._clock() - self._refreshed_at < AFTER_401_PAUSE:
            return False
        self._refreshed_at = self._clock()
        await self._renew(attended=False)
        return True

    def _stale(self, credential: Credential) -> bool:
        if self._access.token_file is not None:
            return self._clock() - self._read_at > TOKEN_FILE_FRESH
        return credential.renew_at is not None and credential.renew_at <= self._wall()

    async def _renew(self, *, attended: bool, interactive: bool = False) -> Credential:
        """Obtain a credential; everybody who needs one meanwhile waits for the same."""
        if self._flight is None or self._flight.done():
            self._flight = asyncio.create_task(self._obtain(attended=attended, interactive=interactive))
            self._flight.add_done_callback(_heard)
        flight = self._flight
        try:
            return await asyncio.shield(flight)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if flight.cancelled() and not (task and task.cancelling()):
                raise CredentialError(self._access.name, "the connection was closed on this side") from None
            raise

    async def _obtain(self, *, attended: bool, interactive: bool) -> Credential:
        self._read_at = self._clock()
        if self.uses_plugin:
            obtained = await self._from_plugin(attended=attended, interactive=interactive)
        else:
            obtained = Credential(
                authorization=await self._authorization(), certificate=self._static_certificate()
            )
        self._current = obtained
        return obtained

    async def _from_plugin(self, *, attended: bool, interactive: bool) -> Credential:
        access = self._access
        spec = access.exec
        assert spec is not None
        if spec.approval is None:
            raise ExecNotApproved(access.name, f"the exec plugin {spec.command} was never approved")
        if spec.interactive_mode == "Always" and not (interactive or self._attended):
            raise NeedsLogin(access.name, f"the exec plugin {spec.command} always asks a person")
        if self._failed is not None and not self._may_try_again(spec):
            raise self._failed.with_traceback(None)
        try:
            given = await self._run(spec, interactive=interactive and attended)
        except CredentialError as error:
            self._failed, self._failed_at = error, self._clock()
            raise
        self._failed, self._given = None, given
        return Credential(
            authorization=bearer(access.name, given.token) if given.token else None,
            certificate=given.certificate or self._static_certificate(),
            expires=given.expires,
            renew_at=self._renewal(given.expires),
        )

    async def _run(self, spec: ExecSpec, *, interactive: bool) -> PluginCredential:
        """Run it without a person where that may do, then with one where one is there."""
        access, unwanted = self._access, self._given
        if interactive or (self._attended and spec.interactive_mode == "Always"):
            return await self._runner(spec, access, interactive=True, unwanted=unwanted)
        try:
            return await self._runner(spec, access, interactive=False, unwanted=unwanted)
        except ExecNotApproved:
            raise
        except CredentialError as error:
            if spec.interactive_mode == "Never":
                raise
            if self._attended:
                return await self._runner(spec, access, interactive=True, unwanted=unwanted)
            raise NeedsLogin(access.name, error.sentence, detail=error.detail) from error

    def _may_try_again(self, spec: ExecSpec) -> bool:
        return spec.interactive_mode == "Never" and self._clock() - self._failed_at > FAILURE_PAUSE

    def _renewal(self, expires: datetime | None) -> datetime | None:
        """A little before the expiry, so that no request is refused over a second's difference."""
        if expires is None:
            return None
        long_lived = expires - self._wall() > 4 * RENEW_EARLY
        return expires - RENEW_EARLY if long_lived else expires

    def _static_certificate(self) -> ClientCertificate | None:
        access = self._access
        if access.client_cert_pem and access.client_key_pem:
            return ClientCertificate(cert_pem=access.client_cert_pem, key_pem=access.client_key_pem)
        return None

    async def _authorization(self) -> Secret | None:
        access = self._access
        if access.token_file is not None:
            return bearer(access.name, await read_token(access.name, access.token_file))
        if access.token:
            return bearer(access.name, access.token)
        if access.username or access.password:
            password = access.password.reveal() if access.password else b""
            pair = access.username.encode() + b":" + password
            return Secret(b"Basic " + base64.b64encode(pair))
        return None


def _heard(flight: asyncio.Task[Credential]) -> None:
    """Everybody who waited may be gone; the failure is remembered elsewhere."""
    if not flight.cancelled():
        flight.exception()


async def read_token(cluster: str, path: Path) -> Secret:
    """The token in a file, without the line end that editors leave. Raises CredentialError."""
    try:
        content = await asyncio.to_thread(read_regular, path, MAX_TOKEN)
    except OSError as error:
        raise CredentialError(
            cluster,
            f"the token file {path} can't be read: {error.strerror or error}",
            advice="Look at tokenFile in the kubeconfig.",
        ) from error
    token = Secret(content.strip())
    if not token:
        raise CredentialError(cluster, f"the token file {path} is empty", advice="Log in again to fill it.")
    return token


def bearer(cluster: str, token: Secret) -> Secret:
    """The Authorization header of a token. Raises CredentialError for what can't be a token (RFC 6750 §2.1).

    The check is also what keeps a private key, named as tokenFile by a hostile kubeconfig, from being sent.
    """
    value = token.reveal().strip()
    if not value or len(value) > MAX_TOKEN or any(not 0x21 <= byte <= 0x7E for byte in value):
        raise CredentialError(
            cluster, "the token contains spaces, line breaks or other characters no token has"
        )
    return Secret(b"Bearer " + value)


def impersonation_headers(cluster: str, who: Impersonation | None) -> list[tuple[str, bytes]]:
    """The Impersonate-* headers of a request, in client-go's spelling. Raises CredentialError."""
    if who is None:
        return []
    pairs = [("Impersonate-User", who.user), ("Impersonate-Uid", who.uid)]
    pairs += [("Impersonate-Group", group) for group in who.groups]
    pairs += [(f"Impersonate-Extra-{_header_key(key)}", v) for key, values in who.extra for v in values]
    headers = [(name, value.encode()) for name, value in pairs if value]
    if any(byte < 0x20 or byte == 0x7F for _, value in headers for byte in value):
        raise CredentialError(cluster, "the names to act as (as, as-groups…) contain control characters")
    return headers


_TOKEN_CHARS = frozenset(b"!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _header_key(key: str) -> str:
    """Percent-encode what a header name can't hold, and the percent sign itself (client-go, transport)."""
    return "".join(chr(b) if b in _TOKEN_CHARS else f"%{b:02X}" for b in key.encode())
