"""What of a Helm release is secret: every value it was given, and the Secrets of its manifest.

A release is kept in a Secret, so its values are masked leaf by leaf, keys visible, until one is revealed by
its path (``auth.password``, ``hosts[0]``). Values whose key sounds like a credential are also taken out of
the manifest and the notes, wherever charts have written them into plain text.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import yaml

from backend.resources.document import to_yaml
from backend.resources.masking import MASK, is_secret, masked

_CREDENTIAL = re.compile(
    r"secret|token|passw|passphrase|credential|pwd|(private|api|access|account|encryption|signing)[_-]?key|^key$",
    re.IGNORECASE,
)
_KEEPER = re.compile(r"(secrets?|credentials?|passwords?|tokens?|stringdata)", re.IGNORECASE)
"""What stands directly below such a key is one too."""
_REFERENCE = re.compile(
    r"^existing|(name|ref|path|file|class|type|enabled|create|user|email|namespace)$|keyName", re.IGNORECASE
)
"""Keys that name where a credential is, not what it is."""
_SHORTEST = 5
"""Characters of a value below which taking it out of a text would hide more than it protects."""
_LARGEST_DOCUMENT = 4 * 1024 * 1024
_DOCUMENT = re.compile(r"(?m)^---(?=\s|\Z)")
_SUSPECT = re.compile(r"Secret|kind[^\n]{0,40}\\", re.IGNORECASE)


def value_paths(obj: Mapping[str, Any]) -> list[str]:
    """The paths that can be revealed: every leaf of the release's values, the user's and the computed."""
    spec = obj.get("spec") or {}
    leaves = {**dict(_leaves(spec.get("computedValues"))), **dict(_leaves(spec.get("values")))}
    return sorted(leaves)


def masked_release(obj: Mapping[str, Any], *, reveal: Collection[str] = frozenset()) -> dict[str, Any]:
    """The release with its values masked, but those whose paths are in ``reveal`` (``*``: all).

    The Secrets of its manifest were masked when it was read, and are never revealed.
    """
    if "*" in reveal:
        return dict(obj)
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    hidden = credentials(spec, revealed=reveal)
    for field in ("values", "computedValues"):
        spec[field] = _masked(spec.get(field), "", reveal)
    for field in ("notes", "description", "manifest"):
        status[field] = without(str(status.get(field) or ""), hidden)
    status["hooks"] = [
        {**hook, "manifest": without(str(hook.get("manifest") or ""), hidden)}
        for hook in status.get("hooks") or ()
    ]
    return {**obj, "spec": spec, "status": status}


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for key, below in value.items():
            yield from _leaves(below, f"{path}.{_step(key)}" if path else _step(key))
    elif isinstance(value, list) and value:
        for at, below in enumerate(value):
            yield from _leaves(below, f"{path}[{at}]")
    elif path and value not in (None, "", [], {}):
        yield path, value


def _step(key: object) -> str:
    text = str(key)
    return text.replace(".", "\\.") if "." in text else text


def _masked(value: object, path: str, reveal: Collection[str]) -> object:
    if isinstance(value, Mapping):
        return {
            key: _masked(below, f"{path}.{_step(key)}" if path else _step(key), reveal)
            for key, below in value.items()
        }
    if isinstance(value, list):
        return [_masked(below, f"{path}[{at}]", reveal) for at, below in enumerate(value)]
    return value if value in (None, "") or path in reveal else MASK


def credentials(spec: Mapping[str, Any], *, revealed: Collection[str] = ()) -> tuple[str, ...]:
    """The texts among the values that stand under a key which sounds like a credential; the longest first."""
    found = {
        str(value)
        for field in ("values", "computedValues")
        for path, value in _leaves(spec.get(field))
        if isinstance(value, str) and len(value) >= _SHORTEST and path not in revealed and _sounds_so(path)
    }
    return tuple(sorted(found, key=len, reverse=True))


def _sounds_so(path: str) -> bool:
    above, _, last = re.sub(r"\[\d+\]", "", path).rpartition(".")
    if _REFERENCE.search(last):
        return False
    return bool(_CREDENTIAL.search(last) or _KEEPER.fullmatch(above.rpartition(".")[2]))


def without(text: str, hidden: Collection[str]) -> str:
    """The text with these texts masked wherever they occur."""
    for secret in hidden:
        text = text.replace(secret, MASK)
    return text


def manifest_shown(manifest: str) -> str:
    """A manifest of several YAML documents, with the values of its Secrets masked.

    Documents without a Secret stay as they were written. One that may hold a Secret and can't be read is left
    out altogether, and says so. Takes a second for each megabyte or two: call it from a thread.
    """
    parts, last = [], 0
    for mark in [*_DOCUMENT.finditer(manifest), None]:
        end = mark.start() if mark is not None else len(manifest)
        parts.append(_document(manifest[last:end]))
        if mark is not None:
            parts.append(mark[0])
            last = mark.end()
    return "".join(parts)


def _document(text: str) -> str:
    if not _SUSPECT.search(text):
        return text
    found = _read(text)
    if found is _UNREADABLE:
        return f"\n# {MASK} this part may hold a Secret, and can't be read\n"
    hidden = _secrets_masked(found)
    if hidden == found:
        return text
    comments = "".join(line + "\n" for line in text.splitlines() if line.startswith("# Source:"))
    return f"\n{comments}{to_yaml(hidden)}"


_UNREADABLE = object()


def _read(text: str) -> object:
    """The document as plain values; aliases are refused, because a few of them can mean gigabytes."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if len(text) > _LARGEST_DOCUMENT:
        return _UNREADABLE
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=loader)):
            return _UNREADABLE
        return yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, libyaml's if there
    except (yaml.YAMLError, ValueError, RecursionError):
        return _UNREADABLE


def _secrets_masked(value: object) -> object:
    if isinstance(value, Mapping):
        if is_secret(value):
            return masked(value)
        return {key: _secrets_masked(below) for key, below in value.items()}
    if isinstance(value, list):
        return [_secrets_masked(below) for below in value]
    return value
