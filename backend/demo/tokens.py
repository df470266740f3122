"""Tokens of service accounts: minted by TokenRequest, accepted until they expire or the demo ends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any

import msgspec

from backend.demo.access import User

ISSUER = "https://kubernetes.default.svc.cluster.local"


class Tokens:
    """JSON Web Tokens (RFC 7519, HS256) under a key that lives as long as the cluster."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def mint(self, subject: str, until: float) -> str:
        """A token for ``system:serviceaccount:NAMESPACE:NAME``; ``until`` in seconds since the epoch."""
        claims = {"iss": ISSUER, "aud": [ISSUER], "sub": subject, "exp": int(until), "iat": int(time.time())}
        signed = f"{_encoded({'alg': 'HS256'})}.{_encoded(claims)}"
        return f"{signed}.{self._signature(signed)}"

    def user(self, token: str) -> User | None:
        """Whose token this is; None: not ours, or expired."""
        signed, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(signed).encode()):
            return None
        text = signed.partition(".")[2]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if claims["exp"] < time.time():
            return None
        namespace = claims["sub"].split(":")[2]
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
        return User(claims["sub"], groups)

    def _signature(self, signed: str) -> str:
        return _base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))


def _encoded(value: Any) -> str:
    return _base64(msgspec.json.encode(value))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
