"""The TLS context of one cluster: exactly its authority, its client certificate, never a key on a disk.

Python's ssl loads a client certificate only from a file. On Linux the file is an anonymous one in memory
(``memfd_create``); elsewhere the key is encrypted with a password that is used once, in a folder of ours
that nobody else can enter, and the file is removed before the context is returned.
"""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from backend.kube.access import ClusterAccess
from backend.kube.certificates import key_matches
from backend.kube.errors import CredentialError, TlsFailed
from backend.places import runtime_dir
from backend.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """A certificate chain and its private key, both PEM."""

    cert_pem: bytes
    key_pem: Secret


def ssl_context(access: ClusterAccess, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """A client context that trusts ``access.ca_pem`` only (the system's authorities if it names none).

    TLS 1.2 or newer. ``VERIFY_X509_STRICT``, Python 3.13's default, is cleared: the authorities of EKS and
    of older kubeadm clusters lack the key identifiers that it wants, and client-go doesn't ask for them.
    Raises TlsFailed for an unusable authority and CredentialError for an unusable client certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    # A kubeconfig may name an intermediate as its authority; Go accepts any listed certificate as a root.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.set_alpn_protocols(["http/1.1"])
    if access.insecure_skip_tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif access.ca_pem is None:
        context.load_default_certs()
    else:
        _trust(context, access)
    if certificate is not None:
        _present(context, access.name, certificate)
    return context


def _trust(context: ssl.SSLContext, access: ClusterAccess) -> None:
    try:
        context.load_verify_locations(cadata=(access.ca_pem or b"").decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise TlsFailed(
            access.name,
            "the kubeconfig's certificate authority is not a certificate in PEM form",
            advice="Import the kubeconfig again; certificate-authority-data must be base64 of PEM.",
        ) from error


def _present(context: ssl.SSLContext, cluster: str, certificate: ClientCertificate) -> None:
    sentence = ""
    try:
        in_memory = hasattr(os, "memfd_create") and Path("/proc/self/fd").is_dir()
        load = _load_from_memory if in_memory else _load_encrypted
        load(context, certificate)
    except (ssl.SSLError, ValueError, TypeError):
        sentence = _what_is_wrong(certificate)
    if not sentence:
        return
    # Raised outside the handlers: no chained traceback holds the key's bytes in a local.
    raise CredentialError(cluster, sentence, advice="Import a fresh kubeconfig for this cluster.")


def _what_is_wrong(certificate: ClientCertificate) -> str:
    """Looked at only when OpenSSL has refused it: the library for it takes its time to load."""
    try:
        if not key_matches(certificate.cert_pem, certificate.key_pem):
            return "the client key does not belong to the client certificate"
    except ValueError as error:
        return str(error)
    return "OpenSSL refuses the client certificate or its key (perhaps too weak)"


def _no_passphrase() -> bytes:
    """OpenSSL would otherwise ask on the terminal."""
    return b""


def _load_from_memory(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Through a file that exists only in memory and only in this process (memfd_create(2))."""
    fd = os.memfd_create("navarch", os.MFD_CLOEXEC)
    try:
        content = memoryview(certificate.cert_pem.rstrip() + b"\n" + certificate.key_pem.reveal())
        while content:
            content = content[os.write(fd, content) :]
        context.load_cert_chain(f"/proc/self/fd/{fd}", password=_no_passphrase)
    finally:
        os.close(fd)


def _load_encrypted(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    """Through a file whose key is encrypted under a password that only this call knows."""
    from cryptography.hazmat.primitives import serialization

    password = secrets.token_bytes(32).hex().encode()
    key = serialization.load_pem_private_key(certificate.key_pem.reveal(), password=None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(password),
    )
    fd, name = tempfile.mkstemp(prefix="tls-", dir=runtime_dir())
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(certificate.cert_pem.rstrip() + b"\n" + encrypted)
        context.load_cert_chain(name, password=lambda: password)
    finally:
        Path(name).unlink()
