"""Mutual TLS between voters and controllers, over TCP on the loopback."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from blockengine.cli.keys import add_keys, client_tls
from blockengine.membership.ballot import Ballot
from blockengine.protocol.address import Address
from blockengine.protocol.tls import CONTROLLER, VOTER, Keys, client_context, server_context
from blockengine.replica.creating import create_replica
from blockengine.replica.files import RealDirectory
from blockengine.replica.identity import Place
from blockengine.replica.server import Server
from blockengine.replica.service import ReplicaService
from blockengine.volume.founding import found, reach

PLACE = Place("machine", "boot")


class Authority:
    """Signs certificates with a key made for this run."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._certificate = self._sign(subject, self._key, subject, authority=True, role="")
        (folder / f"{name}.pem").write_bytes(self._certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        issuer: x509.Name,
        *,
        authority: bool,
        role: str,
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        )
        if role:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(role)]), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def keys(self, role: str) -> Keys:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "process")])
        certificate = self._sign(subject, key, self._certificate.subject, authority=False, role=role)
        place = self.folder / f"{self.name}-{role}"
        place.with_suffix(".crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        place.with_suffix(".key").write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return Keys(self.folder / f"{self.name}.pem", place.with_suffix(".crt"), place.with_suffix(".key"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
async def voter(tmp_path: Path, authority: Authority) -> AsyncIterator[Address]:
    folder = tmp_path / "replica"
    folder.mkdir()
    replica = create_replica(RealDirectory(folder), Ballot("r0", 1), volume="v", size=1 << 20, place=PLACE)
    service = ReplicaService(replica, boot="boot")
    server = Server(service)
    port = await server.listen_tcp("127.0.0.1", 0, server_context(authority.keys(VOTER)))
    yield Address(None, "127.0.0.1", port)
    await server.stop()
    service.close()


async def asked(voter: Address, tls: ssl.SSLContext | None) -> str:
    """The voter that answered, or nothing."""
    (one,) = await reach([voter], tls=tls, deadline=2)
    one.link.fail("seen")
    return one.identity.voter if one.identity is not None else ""


async def test_a_controller_of_the_same_authority_is_answered(voter: Address, authority: Authority) -> None:
    tls = client_context(authority.keys(CONTROLLER))
    assert await asked(voter, tls) == "r0"
    (one,) = await reach([voter], tls=tls, deadline=2)
    assert (await found([one], name="")).member_ids == {"r0"}
    one.link.fail("done")


async def test_nobody_else_is(voter: Address, authority: Authority, tmp_path: Path) -> None:
    strangers = Authority(tmp_path, "theirs")
    theirs = strangers.keys(CONTROLLER)
    mixed = theirs._replace(authority=authority.keys(CONTROLLER).authority)
    assert await asked(voter, None) == ""
    assert await asked(voter, client_context(theirs)) == ""
    assert await asked(voter, client_context(mixed)) == ""
    # A voter's key can't be used to play the controller.
    assert await asked(voter, client_context(authority.keys(VOTER))) == ""
    assert await asked(voter, client_context(authority.keys(CONTROLLER))) == "r0"


async def test_a_process_that_is_no_voter_is_not_taken_for_one(tmp_path: Path, authority: Authority) -> None:
    connected = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connected
        connected += 1
        writer.close()

    context = server_context(authority.keys(CONTROLLER))
    server = await asyncio.start_server(count, "127.0.0.1", 0, ssl=context)
    address = Address(None, "127.0.0.1", server.sockets[0].getsockname()[1])
    assert await asked(address, client_context(authority.keys(CONTROLLER))) == ""
    assert not connected
    server.close()


def test_what_others_can_reach_needs_tls() -> None:
    import argparse

    parser = argparse.ArgumentParser()
    add_keys(parser)
    nothing = parser.parse_args([])
    assert client_tls(nothing, [Address(None, "127.0.0.1", 1), Address(Path("/x"))]) is None
    with pytest.raises(ValueError, match="needs TLS"):
        client_tls(nothing, [Address(None, "10.0.0.1", 1)])
    with pytest.raises(ValueError, match="all of"):
        client_tls(parser.parse_args(["--tls-key", "k"]), [])
