"""A door into one API server, real or simulated: plain requests, plain answers."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; ``headers`` are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Door:
    """Speaks to the server of one kubeconfig context with its client certificate."""

    def __init__(self, kubeconfig: bytes | Path, context: str) -> None:
        text = kubeconfig.read_bytes() if isinstance(kubeconfig, Path) else kubeconfig
        config = yaml.safe_load(text)
        chosen = next(c["context"] for c in config["contexts"] if c["name"] == context)
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == chosen["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == chosen["user"])
        ca = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self.tls = ssl.create_default_context(cadata=ca)
        self.tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if "client-certificate-data" in user:
            with tempfile.NamedTemporaryFile(suffix=".pem") as pem:
                for part in ("client-certificate-data", "client-key-data"):
                    pem.write(base64.b64decode(user[part]) + b"\n")
                pem.flush()
                self.tls.load_cert_chain(pem.name)
        address = urlsplit(cluster["server"])
        self.host, self.port = address.hostname or "", address.port or 443

    def connect(self, deadline: float = 30.0) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.host, self.port, context=self.tls, timeout=deadline)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        accept: str = "application/json",
        media: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """One request; a body that is not bytes is sent as JSON."""
        payload = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Accept": accept, "User-Agent": "contract/1.0", **(headers or {})}
        if payload is not None:
            sent["Content-Type"] = media
        connection = self.connect()
        try:
            connection.request(method, path, payload, sent)
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def watch(self, path: str, *, events: int, accept: str = "application/json") -> list[Any]:
        """The first so many events of a watch; fewer if the server ends it."""
        connection = self.connect(20.0)
        found: list[Any] = []
        try:
            connection.request("GET", path, headers={"Accept": accept, "User-Agent": "contract/1.0"})
            answer = connection.getresponse()
            if answer.status != 200:
                return [json.loads(answer.read())]
            while len(found) < events and (line := answer.readline()):
                found.append(json.loads(line))
        finally:
            connection.close()
        return found
