"""What ``navarch credential`` hands to kubectl: the client authentication API's ExecCredential."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from backend.kube.access import ClusterAccess
from backend.kube.certificates import read_certificates
from backend.kube.credentials import read_token
from backend.kube.errors import CredentialError
from backend.kube.exec_plugin import run_plugin
from backend.kube.tokens import token_expiry

VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


def asked_version(exec_info: str) -> str:
    """The API version that KUBERNETES_EXEC_INFO asks for; v1 when it is not set or makes no sense."""
    try:
        asked = json.loads(exec_info).get("apiVersion")
    except (ValueError, AttributeError, RecursionError):
        return VERSIONS[0]
    return asked if asked in VERSIONS else VERSIONS[0]


async def exec_credential(access: ClusterAccess, *, version: str) -> bytes:
    """The ExecCredential (JSON) for one cluster; it holds secrets.

    A cluster whose own credential comes from an (approved) exec plugin gets that one passed through. Raises
    CredentialError and its kin when there is none to hand over.
    """
    status = await _status(access)
    document = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return msgspec.json.encode(document)


async def _status(access: ClusterAccess) -> dict[str, Any]:
    if access.exec is not None:
        given = await run_plugin(access.exec, access, interactive=False)
        status: dict[str, Any] = {}
        if given.token:
            status["token"] = given.token.text()
        if given.certificate:
            status["clientCertificateData"] = given.certificate.cert_pem.decode()
            status["clientKeyData"] = given.certificate.key_pem.text()
        return status | _expiry(given.expires)
    status = {}
    expiries: list[datetime | None] = []
    if access.client_cert_pem and access.client_key_pem:
        expires = _valid_until(access)
        expiries.append(expires)
        status["clientCertificateData"] = access.client_cert_pem.decode()
        status["clientKeyData"] = access.client_key_pem.text()
    token = await read_token(access.name, access.token_file) if access.token_file else access.token
    if token:
        status["token"] = token.text()
        expiries.append(token_expiry(token.text()))
    if not status:
        raise CredentialError(
            access.name,
            "an exec plugin can hand over tokens and client certificates only, and this cluster has neither",
            advice="Use its own kubeconfig for kubectl.",
        )
    known = [expires for expires in expiries if expires is not None]
    return status | _expiry(min(known) if known else None)


def _valid_until(access: ClusterAccess) -> datetime:
    try:
        until = read_certificates(access.client_cert_pem or b"")[0].not_after
    except (ValueError, IndexError) as error:
        raise CredentialError(access.name, "its client certificate can't be read") from error
    if until < datetime.now(UTC):
        raise CredentialError(
            access.name,
            f"its client certificate expired on {until:%Y-%m-%d %H:%M} UTC",
            advice="Import a fresh kubeconfig for it: navarch cluster refresh",
        )
    return until


def _expiry(when: datetime | None) -> dict[str, str]:
    return {"expirationTimestamp": when.strftime("%Y-%m-%dT%H:%M:%SZ")} if when else {}
