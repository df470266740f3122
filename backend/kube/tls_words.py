"""What OpenSSL means, in words that help: which certificate is wrong, and who can put it right."""

from __future__ import annotations

import ssl

# X509_V_ERR_*: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/
_VERIFY: dict[int, tuple[str, str]] = {
    9: ("its certificate is not valid yet", "Compare the clocks of this machine and of the server."),
    10: ("its certificate has expired", "Renew the API server's certificates (kubeadm certs renew)."),
    18: (
        "its certificate is self-signed and not the configured certificate authority",
        "Import the kubeconfig again, or compare certificate-authority-data with the server's certificate.",
    ),
    19: (
        "its certificate comes from an authority that the kubeconfig does not name",
        "Compare certificate-authority-data in the kubeconfig with the cluster's authority.",
    ),
    20: (
        "its certificate comes from an unknown authority",
        "Compare certificate-authority-data in the kubeconfig with the cluster's authority.",
    ),
    21: (
        "its certificate comes from an unknown authority",
        "Compare certificate-authority-data in the kubeconfig with the cluster's authority.",
    ),
    23: ("its certificate has been revoked", "Ask the cluster's administrator for the current certificate."),
    26: (
        "its certificate is not meant for a server",
        "The certificate needs the extended key usage serverAuth.",
    ),
    62: (
        "its certificate is for another host name",
        "Use a name that the certificate carries, or set tls-server-name in the kubeconfig.",
    ),
    64: (
        "its certificate is not for this IP address",
        "Use a name that the certificate carries, or set tls-server-name in the kubeconfig.",
    ),
}

_OURS_REFUSED = (
    "Our client certificate was refused: look at its expiry and issuer, or import a fresh kubeconfig."
)

# OpenSSL reason codes as Python names them.
_REASONS: dict[str, tuple[str, str]] = {
    "WRONG_VERSION_NUMBER": (
        "does not speak TLS",
        "Perhaps the address should begin with http://, or the port is wrong.",
    ),
    "HTTP_REQUEST": (
        "does not speak TLS",
        "Perhaps the address should begin with http://, or the port is wrong.",
    ),
    "RECORD_LAYER_FAILURE": (
        "does not speak TLS",
        "Perhaps the address should begin with http://, or the port is wrong.",
    ),
    "PACKET_LENGTH_TOO_LONG": (
        "does not speak TLS",
        "Perhaps the address should begin with http://, or the port is wrong.",
    ),
    "UNSUPPORTED_PROTOCOL": ("speaks only TLS older than 1.2", "Update the server; older TLS is not safe."),
    "TLSV1_ALERT_PROTOCOL_VERSION": (
        "speaks only TLS older than 1.2",
        "Update the server; older TLS is not safe.",
    ),
    "TLSV1_UNRECOGNIZED_NAME": (
        "does not know the requested server name",
        "Look at tls-server-name in the kubeconfig.",
    ),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": (
        "asks for a client certificate",
        "Import a kubeconfig that has one.",
    ),
    "SSLV3_ALERT_BAD_CERTIFICATE": ("refused our client certificate", _OURS_REFUSED),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": ("refused our client certificate: it has expired", _OURS_REFUSED),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": ("refused our client certificate: it was revoked", _OURS_REFUSED),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": ("refused our client certificate", _OURS_REFUSED),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": ("refused our client certificate", _OURS_REFUSED),
    "TLSV1_ALERT_UNKNOWN_CA": ("does not know the issuer of our client certificate", _OURS_REFUSED),
    "TLSV1_ALERT_ACCESS_DENIED": ("refused our client certificate", _OURS_REFUSED),
    "TLSV1_ALERT_DECRYPT_ERROR": ("refused our client certificate", _OURS_REFUSED),
}


def handshake_failure(error: ssl.SSLError, place: str) -> tuple[str, str]:
    """(sentence, advice) for a failed handshake with ``place`` (host and port)."""
    if isinstance(error, ssl.SSLCertVerificationError):
        words, advice = _VERIFY.get(
            error.verify_code, (f"its certificate failed: {error.verify_message}", "")
        )
        return f"{place} can't be trusted: {words}", advice
    words, advice = _REASONS.get(
        (error.reason or "").upper(), (f"failed the TLS handshake: {error.reason or error}", "")
    )
    return f"{place} {words}", advice
