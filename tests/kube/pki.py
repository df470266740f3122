"""Certificates for tests, made when they run: an authority, servers, clients, and wrong ones of each."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from backend.secret import Secret


@dataclass(frozen=True)
class Pair:
    cert: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def cert_pem(self) -> bytes:
        return self.cert.public_bytes(serialization.Encoding.PEM)

    @property
    def key_bytes(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    @property
    def key_pem(self) -> Secret:
        return Secret(self.key_bytes)


class Authority:
    """A certificate authority without the key identifiers that VERIFY_X509_STRICT wants, as EKS has."""

    def __init__(self, name: str = "test-ca") -> None:
        self.pair = _sign(subject=_name(name), authority=None, ca=True)

    @property
    def pem(self) -> bytes:
        return self.pair.cert_pem

    def server(self, *names: str, expired: bool = False, early: bool = False, usage: str = "server") -> Pair:
        names = names or ("localhost", "127.0.0.1", "::1")
        return _sign(
            subject=_name("kube-apiserver"),
            authority=self.pair,
            names=names,
            usage=usage,
            shift=timedelta(days=-800 if expired else 800 if early else 0),
        )

    def client(self, user: str = "jane", *groups: str) -> Pair:
        return _sign(subject=_name(user, *groups), authority=self.pair, usage="client")


def server_context(
    pair: Pair, folder: Path, *, client_ca: bytes | None = None, required: bool = True
) -> ssl.SSLContext:
    """A server's context; the server's key may be a file, it is no user's."""
    file = folder / "server.pem"
    file.write_bytes(pair.cert_pem + pair.key_bytes)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    if client_ca is not None:
        context.load_verify_locations(cadata=client_ca.decode())
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
    return context


def _name(common: str, *organizations: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, o) for o in organizations]
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _sign(
    *,
    subject: x509.Name,
    authority: Pair | None,
    ca: bool = False,
    names: tuple[str, ...] = (),
    usage: str = "",
    shift: timedelta = timedelta(),
) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC) + shift
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(authority.cert.subject if authority else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_alternative(n) for n in names]), critical=False
        )
    if usage:
        oid = ExtendedKeyUsageOID.SERVER_AUTH if usage == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([oid]), critical=False)
    return Pair(builder.sign(authority.key if authority else key, hashes.SHA256()), key)


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
