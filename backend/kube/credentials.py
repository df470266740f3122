"""As whom a cluster is spoken to: one current credential, renewed where that needs no person."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anyio

from backend.kube.access import ClusterAccess, Impersonation
from backend.kube.errors import CredentialError
from backend.kube.tls import ClientCertificate
from backend.secret import Secret

TOKEN_FILE_FRESH = 60.0
"""Seconds after which a token file is read again; client-go's period."""
MAX_TOKEN = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What one request is sent with. Two credentials are the same one only if they are identical objects."""

    authorization: Secret | None = None
    """Value of the Authorization header."""
    certificate: ClientCertificate | None = None


class Credentials:
    """The credential of one cluster, shared by all its requests."""

    def __init__(self, access: ClusterAccess, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._lock = anyio.Lock()
        self._current: Credential | None = None
        self._read_at = 0.0

    async def current(self) -> Credential:
        """The credential to send now. Raises CredentialError, ExecNotApproved or NeedsLogin."""
        async with self._lock:
            if self._current is None or self._stale():
                self._current = await self._obtain()
            return self._current

    async def refresh_after_401(self, rejected: Credential) -> bool:
        """Is there another credential to try, now that the server refused ``rejected``?

        Many watches may be refused at once: the first renews, the others find it done.
        """
        async with self._lock:
            if self._current is not None and self._current is not rejected:
                return True
            if self._access.token_file is None:
                return False
            renewed = await self._obtain()
            if renewed.authorization == rejected.authorization:
                return False
            self._current = renewed
            return True

    def _stale(self) -> bool:
        return self._access.token_file is not None and self._clock() - self._read_at > TOKEN_FILE_FRESH

    async def _obtain(self) -> Credential:
        access = self._access
        self._read_at = self._clock()
        certificate = None
        if access.client_cert_pem and access.client_key_pem:
            certificate = ClientCertificate(cert_pem=access.client_cert_pem, key_pem=access.client_key_pem)
        return Credential(authorization=await self._authorization(), certificate=certificate)

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


async def read_token(cluster: str, path: Path) -> Secret:
    """The token in a file, without the line end that editors leave. Raises CredentialError."""
    try:
        async with await anyio.open_file(path, "rb") as file:
            content = await file.read(MAX_TOKEN + 1)
    except OSError as error:
        raise CredentialError(
            cluster,
            f"the token file {path} can't be read: {error.strerror}",
            advice="Look at tokenFile in the kubeconfig.",
        ) from error
    token = Secret(content.strip())
    if not token:
        raise CredentialError(cluster, f"the token file {path} is empty", advice="Log in again to fill it.")
    if len(content) > MAX_TOKEN:
        raise CredentialError(cluster, f"the token file {path} is too long for a token")
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
