"""Typed access to one entry of a kubeconfig; what has the wrong type is a Flaw with its line."""

from __future__ import annotations

import base64
import binascii
import json
import re

from backend.kube.kubeconfig.reader import Flaw, Mapping, Node, Scalar, Sequence
from backend.secret import Secret

_TRUE = {"true", "yes", "on", "y"}
_FALSE = {"false", "no", "off", "n", ""}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?([eE][+-]?[0-9]{1,3})?")


class Fields:
    """The keys of one mapping. A key that is missing or null is empty, as in Go."""

    def __init__(self, node: Node | None, what: str) -> None:
        if (
            node is not None
            and not isinstance(node, Mapping)
            and not (isinstance(node, Scalar) and node.null)
        ):
            raise Flaw(f"{what} is not a mapping", line=node.line)
        self._entries: dict[str, Node] = node.entries if isinstance(node, Mapping) else {}
        self._what = what
        self.line = node.line if node is not None else None

    def __contains__(self, key: str) -> bool:
        node = self._entries.get(key)
        return node is not None and not (isinstance(node, Scalar) and node.null)

    def node(self, key: str) -> Node | None:
        return self._entries.get(key) if key in self else None

    def line_of(self, key: str) -> int | None:
        node = self._entries.get(key)
        return node.line if node is not None else self.line

    def text(self, key: str) -> str:
        node = self.node(key)
        if node is None:
            return ""
        if not isinstance(node, Scalar):
            raise Flaw(f"{key} of {self._what} is not text", line=node.line)
        return node.text

    def secret(self, key: str) -> Secret | None:
        text = self.text(key)
        return Secret(text) if text else None

    def flag(self, key: str) -> bool:
        word = self.text(key).lower()
        if word not in _TRUE | _FALSE:
            raise Flaw(f"{key} of {self._what} is neither true nor false", line=self.line_of(key))
        return word in _TRUE

    def data(self, key: str) -> bytes | None:
        """The bytes of a base64 field; line breaks within it are allowed, as in Go."""
        text = "".join(self.text(key).split())
        if not text:
            return None
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise Flaw(f"{key} of {self._what} is not base64", line=self.line_of(key)) from None

    def list(self, key: str) -> list[Node]:
        node = self.node(key)
        if node is None:
            return []
        if not isinstance(node, Sequence):
            raise Flaw(f"{key} of {self._what} is not a list", line=node.line)
        return node.items

    def texts(self, key: str) -> tuple[str, ...]:
        items = self.list(key)
        for item in items:
            if not isinstance(item, Scalar):
                raise Flaw(f"{key} of {self._what} holds something that is not text", line=item.line)
        return tuple(item.text for item in items if isinstance(item, Scalar))

    def below(self, key: str) -> Fields:
        return Fields(self.node(key), f"{key} of {self._what}")

    @property
    def names(self) -> tuple[str, ...]:
        """The keys, in the file's order."""
        return tuple(self._entries)


def to_json(node: Node) -> bytes:
    """A free-form part (an extension) as JSON, plain scalars typed as YAML's core schema has them."""
    return json.dumps(_value(node), ensure_ascii=False, separators=(",", ":")).encode()


def _value(node: Node) -> object:
    if isinstance(node, Mapping):
        return {key: _value(value) for key, value in node.entries.items()}
    if isinstance(node, Sequence):
        return [_value(item) for item in node.items]
    return _plain_value(node) if node.plain else node.text


def _plain_value(node: Scalar) -> object:
    if node.null:
        return None
    if node.text.lower() in {"true", "false"}:
        return node.text.lower() == "true"
    return json.loads(node.text) if _NUMBER.fullmatch(node.text) else node.text
