"""A small synchronous client for the rig's own use: it must not depend on the client under test."""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
import urllib.parse
from pathlib import Path
from typing import Any

from tests.real.certificates import KeyPair

_DEADLINE = 30.0


class ApiError(RuntimeError):
    """The API server refused; `status` is the HTTP status, the message its Status message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"HTTP {status}: {message}")
        self.status = status


class Api:
    """One user's connection to one API server; not for sharing between threads (`clone` it)."""

    def __init__(self, address: str, port: int, ca: bytes, user: KeyPair | None) -> None:
        self._context = ssl.create_default_context(cadata=ca.decode())
        if user is not None:
            with tempfile.TemporaryDirectory() as folder:  # Python's ssl reads certificates from files only
                path = Path(folder, "pair.pem")
                path.touch(mode=0o600)
                path.write_bytes(user.certificate + user.key)
                self._context.load_cert_chain(path)
        self._address, self._port = address, port
        self._connection: http.client.HTTPSConnection | None = None

    def clone(self) -> Api:
        """A second connection with the same identity."""
        other = object.__new__(Api)
        other._context, other._address, other._port = self._context, self._address, self._port
        other._connection = None
        return other

    def get(self, path: str, **query: str) -> Any:
        return self.request("GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    def post(self, path: str, body: Any) -> Any:
        return self.request("POST", path, body)

    def put(self, path: str, body: Any) -> Any:
        return self.request("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self.request("DELETE", path)

    def merge(self, path: str, body: Any) -> Any:
        """A JSON merge patch (RFC 7386)."""
        return self.request("PATCH", path, body, content_type="application/merge-patch+json")

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = "application/json"
    ) -> Any:
        """The decoded JSON answer (text where it is none).

        :raises ApiError: the server answered with 400 or more.
        :raises OSError: no answer.
        """
        data = None if body is None else json.dumps(body).encode()
        try:
            if self._connection is None:
                self._connection = http.client.HTTPSConnection(
                    self._address, self._port, context=self._context, timeout=_DEADLINE
                )
            self._connection.request(method, path, data, {"Content-Type": content_type})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self.close()
            raise
        if answer.status >= 400:
            raise ApiError(answer.status, _message(text))
        try:
            return json.loads(text)
        except ValueError:
            return text.decode(errors="replace")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _message(text: bytes) -> str:
    try:
        return str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        return text.decode(errors="replace")[:500]
