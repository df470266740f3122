"""Mutual TLS between the engine's processes.

Every process has a certificate of one private authority, which names its role: a stolen
replica's key can't be used to play the controller.
"""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import NamedTuple

CONTROLLER, VOTER = "controller.navarch", "voter.navarch"


class Keys(NamedTuple):
    """PEM files: the authority's certificate, this process's own and its private key."""

    authority: Path
    certificate: Path
    key: Path


def server_context(keys: Keys) -> ssl.SSLContext:
    """A voter's context: TLS 1.3, and every client shows a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(keys.authority)
    context.load_cert_chain(keys.certificate, keys.key)
    return context


def client_context(keys: Keys) -> ssl.SSLContext:
    """A controller's context; connect with `server_hostname=VOTER`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(keys.authority)
    context.load_cert_chain(keys.certificate, keys.key)
    return context


def peer_is(transport: asyncio.Transport, role: str) -> bool:
    """Whether the other side's certificate names this role; without TLS everybody is let in.

    Without TLS a process listens on UNIX sockets and the loopback only (`cli.address`).
    """
    if transport.get_extra_info("sslcontext") is None:
        return True
    certificate = transport.get_extra_info("peercert") or {}
    return ("DNS", role) in certificate.get("subjectAltName", ())
