"""What a certificate says: expiry, subject, key; for import review, the fleet screen and identity pins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from backend.secret import Secret
from backend.text import SafeStr, safe_text

if TYPE_CHECKING:
    from cryptography import x509


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """One X.509 certificate, as shown to people and pinned by the registry. Times are UTC."""

    subject: SafeStr
    issuer: SafeStr
    common_name: SafeStr
    """Kubernetes' user name for client certificates."""
    organizations: tuple[SafeStr, ...]
    """Kubernetes' groups for client certificates."""
    names: tuple[SafeStr, ...]
    """Subject alternative names."""
    not_before: datetime
    not_after: datetime
    spki_sha256: str
    """Hex SHA-256 of the SubjectPublicKeyInfo (RFC 7469 §2.4): survives a renewal with the same key."""


def read_certificates(pem: bytes) -> list[CertificateFacts]:
    """The facts of every certificate in ``pem``, in order.

    Raises ValueError with a sentence if there is none, or one can't be read.
    """
    from cryptography import x509

    try:
        certificates = x509.load_pem_x509_certificates(pem)
        return [_facts(certificate) for certificate in certificates]
    except (ValueError, x509.InvalidVersion) as error:
        raise ValueError("not a certificate in PEM form (-----BEGIN CERTIFICATE-----)") from error


def ends(der: bytes) -> float | None:
    """When a certificate in DER form expires, seconds since the epoch; None if it can't be read."""
    from cryptography import x509

    try:
        return x509.load_der_x509_certificate(der).not_valid_after_utc.timestamp()
    except (ValueError, x509.InvalidVersion):
        return None


def key_matches(cert_pem: bytes, key_pem: Secret) -> bool:
    """Is this the private key of the (first) certificate?

    Raises ValueError with a sentence if either can't be read or the key needs a passphrase.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    try:
        certificate = x509.load_pem_x509_certificates(cert_pem)[0]
    except (ValueError, IndexError) as error:
        raise ValueError("the client certificate is not in PEM form") from error
    try:
        key = serialization.load_pem_private_key(key_pem.reveal(), password=None)
    except TypeError:
        raise ValueError("the client key is encrypted with a passphrase; decrypt it first") from None
    except Exception:  # OpenSSL's errors may quote the input, and cryptography's types vary by version
        raise ValueError("the client key is not a private key in PEM form") from None
    return _spki(certificate.public_key()) == _spki(key.public_key())


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    from cryptography import x509

    subject = certificate.subject
    names = subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return CertificateFacts(
        subject=safe_text(subject.rfc4514_string()),
        issuer=safe_text(certificate.issuer.rfc4514_string()),
        common_name=safe_text(names[0].value) if names else safe_text(""),
        organizations=tuple(
            safe_text(a.value) for a in subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)
        ),
        names=_alternative_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        spki_sha256=hashlib.sha256(_spki(certificate.public_key())).hexdigest(),
    )


def _alternative_names(certificate: x509.Certificate) -> tuple[SafeStr, ...]:
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return ()
    return tuple(safe_text(str(name.value)) for name in extension.value)


def _spki(key: object) -> bytes:
    from cryptography.hazmat.primitives import serialization

    encode = getattr(key, "public_bytes")  # noqa: B009  the union of all key types has it
    return bytes(encode(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
