"""From a kubeconfig to a real API server and back: who the server says we are, by every way of logging in."""

from __future__ import annotations

import base64
import json
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend.kube.access import ClusterAccess
from backend.kube.credentials import Credentials
from backend.kube.errors import NeedsLogin, TlsFailed
from backend.kube.exec_review import approval_for
from backend.kube.kubeconfig import parse
from backend.kube.transport import Transport
from tests.kube.pki import Authority
from tests.kube.proxy_server import Proxy
from tests.real.control_plane import ControlPlane
from tests.real.rig import Rig

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
V1 = "client.authentication.k8s.io/v1"


@pytest.fixture
def plane(rig: Rig) -> ControlPlane:
    return rig.clusters[0]


@pytest.fixture
def document(plane: ControlPlane) -> dict[str, Any]:
    jane = plane.mint("jane", ["system:masters", "dev"])
    return deepcopy(plane.kubeconfig(jane, user_name="jane"))


def read(document: dict[str, Any]) -> ClusterAccess:
    parsed = parse(json.dumps(document).encode(), origin=None)
    assert parsed.problems == ()
    return parsed.access(parsed.usable[0], read_files=True)


def user_of(document: dict[str, Any]) -> dict[str, Any]:
    user: dict[str, Any] = document["users"][0]["user"]
    return user


async def whoami(transport: Transport) -> dict[str, Any]:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    headers = {"content-type": "application/json", "accept": "application/json"}
    async with await transport.send(
        "POST", REVIEW, headers=headers, body=json.dumps(review).encode()
    ) as response:
        answer = json.loads(b"".join([piece async for piece in response.chunks()]))
        assert response.status == 201, answer
    user: dict[str, Any] = answer["status"]["userInfo"]
    return user


async def test_a_client_certificate(document: dict[str, Any]) -> None:
    async with Transport(read(document)) as transport:
        user = await whoami(transport)
    assert user["username"] == "jane"
    assert {"system:masters", "dev"} <= set(user["groups"])


async def test_impersonation(document: dict[str, Any]) -> None:
    user_of(document).update(
        {"as": "joe", "as-uid": "u-7", "as-groups": ["ops", "qa"], "as-user-extra": {"team/a": ["x", "y"]}}
    )
    async with Transport(read(document)) as transport:
        user = await whoami(transport)
    assert (user["username"], user["uid"]) == ("joe", "u-7")
    assert {"ops", "qa"} <= set(user["groups"])
    assert "system:masters" not in user["groups"]
    assert user["extra"] == {"team/a": ["x", "y"]}


async def test_a_token_file_and_a_wrong_token(
    document: dict[str, Any], plane: ControlPlane, tmp_path: Path
) -> None:
    async with Transport(read(document)) as admin:
        body = json.dumps(
            {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        ).encode()
        path = "/api/v1/namespaces/kube-system/serviceaccounts/default/token"
        headers = {"content-type": "application/json", "accept": "application/json"}
        account = json.dumps({"metadata": {"name": "default"}}).encode()
        async with await admin.send(
            "POST", "/api/v1/namespaces/kube-system/serviceaccounts", headers=headers, body=account
        ) as created:
            assert created.status in {201, 409}
        async with await admin.send("POST", path, headers=headers, body=body) as response:
            answer = json.loads(b"".join([piece async for piece in response.chunks()]))
            assert response.status == 201, answer
    file = tmp_path / "token"
    file.write_text("not-the-token\n")
    document["users"][0]["user"] = {"tokenFile": str(file)}
    async with Transport(read(document)) as transport:
        async with await transport.send("GET", "/api/v1/namespaces") as response:
            assert response.status == 401
        file.write_text(answer["status"]["token"] + "\n")
        user = await whoami(transport)
    assert user["username"] == "system:serviceaccount:kube-system:default"


async def test_an_exec_plugin_that_gives_a_certificate(
    document: dict[str, Any], plane: ControlPlane, tmp_path: Path
) -> None:
    first, second = (plane.mint(name, ["dev"]) for name in ("first", "second"))
    for name, pair in (("1", first), ("2", second)):
        status = {"clientCertificateData": pair.certificate.decode(), "clientKeyData": pair.key.decode()}
        credential = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
        (tmp_path / name).write_text(json.dumps(credential))
    plugin = tmp_path / "plugin"
    plugin.write_text(
        f'#!/bin/sh\ncd "{tmp_path}" && echo run >> runs && cat "$(wc -l < runs | tr -d " ")"\n'
    )
    plugin.chmod(0o700)
    document["users"][0]["user"] = {
        "exec": {"apiVersion": V1, "command": str(plugin), "interactiveMode": "IfAvailable"}
    }
    access = read(document)
    assert access.exec is not None
    approved = replace(access, exec=replace(access.exec, approval=approval_for(access.exec, access).approval))
    credentials = Credentials(approved)
    async with Transport(approved, credentials) as transport:
        assert (await whoami(transport))["username"] == "first"
        assert (await whoami(transport))["username"] == "first"
        await credentials.login(interactive=False)
        # Another certificate: the kept connections, which speak as the first, must not be used again.
        assert (await whoami(transport))["username"] == "second"


async def test_a_refused_plugin_credential_waits_for_a_person(
    document: dict[str, Any], tmp_path: Path
) -> None:
    plugin = tmp_path / "plugin"
    credential = {"apiVersion": V1, "kind": "ExecCredential", "status": {"token": "nonsense"}}
    plugin.write_text(f"#!/bin/sh\necho run >> '{tmp_path}/runs'\necho '{json.dumps(credential)}'\n")
    plugin.chmod(0o700)
    document["users"][0]["user"] = {
        "exec": {"apiVersion": V1, "command": str(plugin), "interactiveMode": "IfAvailable"}
    }
    access = read(document)
    assert access.exec is not None
    approved = replace(access, exec=replace(access.exec, approval=approval_for(access.exec, access).approval))
    async with Transport(approved) as transport:
        for _ in range(3):
            with pytest.raises(NeedsLogin):
                await transport.send("GET", "/api/v1/namespaces")
    assert (tmp_path / "runs").read_text() == "run\n"


async def test_through_a_proxy_under_another_name(document: dict[str, Any], plane: ControlPlane) -> None:
    cluster = document["clusters"][0]["cluster"]
    proxy = Proxy(connect_to=("127.0.0.1", plane.port))
    async with proxy.socks5() as listening:
        cluster.update(
            {
                "server": "https://hidden.example:6443",
                "tls-server-name": "kubernetes.default.svc",
                "proxy-url": f"socks5://127.0.0.1:{listening.port}",
            }
        )
        async with Transport(read(document)) as transport:
            assert (await whoami(transport))["username"] == "jane"
        await listening.until_closed()
    assert proxy.targets == ["hidden.example:6443"]


async def test_another_authority_is_not_trusted(document: dict[str, Any]) -> None:
    other = base64.b64encode(Authority("other").pem).decode()
    document["clusters"][0]["cluster"]["certificate-authority-data"] = other
    async with Transport(read(document)) as transport:
        with pytest.raises(TlsFailed, match=r"unknown authority|does not name"):
            await transport.send("GET", "/version")
