"""The options for TLS between the engine's processes, and when they are needed."""

from __future__ import annotations

import argparse
import ssl
from collections.abc import Sequence
from pathlib import Path

from blockengine.protocol.address import Address
from blockengine.protocol.tls import Keys, client_context, server_context


def add_keys(parser: argparse.ArgumentParser) -> None:
    """Add them to a command."""
    parser.add_argument("--tls-authority", type=Path, metavar="PEM", help="the volume's authority")
    parser.add_argument("--tls-certificate", type=Path, metavar="PEM", help="this process's certificate")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")


def client_tls(chosen: argparse.Namespace, addresses: Sequence[Address]) -> ssl.SSLContext | None:
    """The context to connect with. Raises: ValueError if an address needs one and there is none."""
    keys = _keys(chosen, addresses)
    return client_context(keys) if keys is not None else None


def server_tls(chosen: argparse.Namespace, address: Address) -> ssl.SSLContext | None:
    """The context to listen with. Raises: ValueError if the address needs one and there is none."""
    keys = _keys(chosen, [address])
    return server_context(keys) if keys is not None else None


def _keys(chosen: argparse.Namespace, addresses: Sequence[Address]) -> Keys | None:
    files = (chosen.tls_authority, chosen.tls_certificate, chosen.tls_key)
    if all(files):
        return Keys(*files)
    if any(files):
        raise ValueError("TLS needs all of --tls-authority, --tls-certificate and --tls-key")
    for address in addresses:
        if not address.private:
            raise ValueError(
                f"{address} can be reached from other machines: it needs TLS (--tls-authority …)"
            )
    return None
