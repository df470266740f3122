"""YAML that a person wrote, as one object: what Kubernetes means by it, and no surprises of YAML's.

Fewer plain scalars than YAML has are more than text: never one that ``document.to_yaml`` writes as text
without quotes (``1e3``, ``0o17``), so that what is shown reads back as it was. A leading 0 means octal, as
kubectl reads ``defaultMode: 0644``. ``22:00`` and ``2026-01-01`` stay text, ``yes`` and ``on`` too: where the
server wants a boolean it says so. Duplicate keys, aliases and several documents are refused.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from backend.text import SafeStr, safe_text

MAX_BYTES = 3 * 1024 * 1024
"""Twice what etcd takes."""
_SCALARS: tuple[tuple[str, str, str], ...] = (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*|0[0-7]+|0x[0-9a-fA-F]+)", "-+0123456789"),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+][0-9]+)?", "-+.0123456789"),
)


class Unreadable(ValueError):
    """Text that is no object; ``line`` (from 1) is where, if known."""

    def __init__(self, sentence: str, *, line: int | None = None) -> None:
        place = f"line {line}: " if line is not None else ""
        self.sentence: SafeStr = safe_text(f"{place}{sentence}")
        self.advice: SafeStr = safe_text("Correct the text; nothing was changed.")
        self.line = line
        super().__init__(self.sentence)


def object_of(text: str) -> dict[str, Any]:
    """The one object that the text describes. Raises Unreadable."""
    import yaml

    if len(text.encode()) > MAX_BYTES:
        raise Unreadable(f"more than {MAX_BYTES // 2**20} MiB is no Kubernetes object")
    try:
        documents = [found for found in yaml.load_all(text, Loader=_loader()) if found is not None]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unreadable(str(error.problem or error), line=mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(str(error).split("\n", 1)[0] or "this is no YAML") from None
    if len(documents) != 1 or not isinstance(documents[0], dict):
        raise Unreadable("this is not one object" if documents else "there is nothing in it")
    return documents[0]


@cache
def _loader() -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        yaml_implicit_resolvers: dict[str, Any] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                event: Any = self.peek_event()  # type: ignore[no-untyped-call]
                raise yaml.composer.ComposerError(None, None, "aliases are not used here", event.start_mark)
            return super().compose_node(parent, index)

    for name, pattern, first in _SCALARS:
        letters = [*first, ""] if name == "null" else list(first)
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), letters)
    Loader.add_constructor("tag:yaml.org,2002:int", _integer)
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _integer(loader: Any, node: Any) -> int:
    text = str(loader.construct_scalar(node))
    digits = text.lstrip("+-")
    sign = -1 if text.startswith("-") else 1
    if digits.startswith("0x"):
        return sign * int(digits, 16)
    return sign * int(digits, 8 if digits.startswith("0") and digits != "0" else 10)


def _mapping(loader: Any, node: Any) -> dict[str, Any]:
    import yaml

    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise yaml.constructor.ConstructorError(None, None, "a key must be text", key_node.start_mark)
        key = str(key_node.value)
        if key in found:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key} is there twice", key_node.start_mark
            )
        found[key] = loader.construct_object(value_node, deep=True)
    return found
