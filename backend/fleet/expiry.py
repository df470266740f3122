"""When what a cluster is reached with expires: client certificate, token, the server's own certificate."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

from backend.fleet.member import Member
from backend.resources.duration import human_duration

SOON = 14 * 86400.0
"""Seconds before a certificate's end from which people are warned: time to find who renews it."""
TOKEN_SOON = 86400.0
"""The same for a token, which may live for hours only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """Seconds since the epoch; None: there is none, or it does not say.

    What a program or a token file renews by itself is not here.
    """

    client_certificate: float | None = None
    token: float | None = None
    server_certificate: float | None = None

    @property
    def first(self) -> float | None:
        """The one that ends first."""
        known = [
            end for end in (self.client_certificate, self.token, self.server_certificate) if end is not None
        ]
        return min(known) if known else None

    def warnings(self, now: float) -> list[str]:
        """What ends soon or has ended, in sentences, the credential first."""
        found = []
        for what, ends, soon in (
            ("its client certificate", self.client_certificate, SOON),
            ("its token", self.token, TOKEN_SOON),
            ("the server's certificate", self.server_certificate, SOON),
        ):
            if ends is not None and ends - now < soon:
                left = human_duration(ends - now)
                found.append(f"{what} expired" if ends <= now else f"{what} expires in {left}")
        return found

    def over(self, now: float) -> bool:
        """Whether one has ended: it can't be reached with it."""
        return self.first is not None and self.first <= now


UNKNOWN = Expiry()


def credentials_of(members: Iterable[Member]) -> dict[str, Expiry]:
    """By cluster id, from what is configured; reading hundreds of certificates takes a moment."""
    return {member.id: _of(member) for member in members}


def _of(member: Member) -> Expiry:
    from backend.kube.certificates import read_certificates
    from backend.kube.tokens import token_expiry

    access = member.access
    certificate = token = None
    if access.client_cert_pem is not None:
        with contextlib.suppress(ValueError, IndexError):
            certificate = read_certificates(access.client_cert_pem)[0].not_after.timestamp()
    if access.token is not None:
        ends = token_expiry(access.token.text())
        token = ends.timestamp() if ends is not None else None
    return Expiry(client_certificate=certificate, token=token)
