"""YAML as far as a kubeconfig needs it: bounded in size, depth and nodes, and without its traps.

No object is constructed by PyYAML: its events are read one by one, which can't run out of stack (the C
loader crashes the process on deep nesting) and can't expand aliases. Every scalar stays text, so that ``no``
and ``0777`` mean themselves. What kubeconfigs never need (aliases, tags, duplicate keys) makes only the
entry unusable in which it stands.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

MAX_BYTES = 8 * 1024 * 1024
"""About a thousand clusters with inline certificates."""
MAX_DEPTH = 32
MAX_NODES = 200_000


class Flaw(ValueError):
    """Something in the file that can't be used: ``sentence`` says what, ``line`` (from 1) where if known."""

    def __init__(self, sentence: str, *, line: int | None = None, advice: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.line = line
        self.advice = advice


@dataclass(slots=True, repr=False)
class Scalar:
    """Text; it may be a secret, so it doesn't show itself."""

    text: str
    line: int
    plain: bool = False
    """Written without quotes: only then ``null``, ``true`` or ``5`` mean more than text."""
    flaw: str = ""

    @property
    def null(self) -> bool:
        return self.plain and self.text in {"", "~", "null", "Null", "NULL"}


@dataclass(slots=True, repr=False)
class Sequence:
    line: int
    flaw: str = ""
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True, repr=False)
class Mapping:
    line: int
    flaw: str = ""
    entries: dict[str, Node] = field(default_factory=dict)
    key: str | None = None
    """While reading: the key whose value comes next."""


Node = Scalar | Sequence | Mapping


def read(data: bytes) -> Node | None:
    """The one document in ``data``, or None if there is none.

    Raises Flaw for what spoils the whole file: too large, not YAML, nested too deeply, several documents.
    """
    if len(data) > MAX_BYTES:
        raise Flaw(f"the file is larger than {MAX_BYTES // 1024 // 1024} MiB")
    try:
        return _build(_events(_decoded(data)))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        # PyYAML's message may quote the file, so only its own words are kept.
        words = getattr(error, "problem", None) or "it has characters that YAML forbids"
        raise Flaw(f"the file is not YAML: {words}", line=mark.line + 1 if mark else None) from None


def flaws(node: Node) -> Iterator[Flaw]:
    """What is wrong anywhere below ``node`` (at most MAX_DEPTH deep)."""
    if node.flaw:
        yield Flaw(node.flaw, line=node.line)
    if isinstance(node, Scalar):
        return
    for child in node.items if isinstance(node, Sequence) else node.entries.values():
        yield from flaws(child)


def _decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 with a mark, as PowerShell's ``>`` writes it."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = None if wide else data.count(b"\n", 0, error.start) + 1
        raise Flaw("the file is not text in UTF-8", line=line) from None


def _events(text: str) -> Iterator[yaml.Event]:
    loader = yaml.CBaseLoader if yaml.__with_libyaml__ else yaml.BaseLoader
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=loader)
    return events


def _build(events: Iterator[yaml.Event]) -> Node | None:
    root: Node | None = None
    open_nodes: list[Sequence | Mapping] = []
    documents = nodes = 0
    for event in events:
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise Flaw("the file holds several YAML documents; a kubeconfig is one", line=line)
            continue
        if isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            open_nodes.pop()
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        nodes += 1
        if nodes > MAX_NODES:
            raise Flaw("the file has far more entries than a kubeconfig", line=line)
        node = _node(event, line)
        if open_nodes:
            _put(open_nodes[-1], node)
        else:
            root = node
        if not isinstance(node, Scalar):
            open_nodes.append(node)
            if len(open_nodes) > MAX_DEPTH:
                raise Flaw(f"the file is nested more than {MAX_DEPTH} levels deep", line=line)
    return root


def _node(event: yaml.NodeEvent, line: int) -> Node:
    if isinstance(event, yaml.AliasEvent):
        return Scalar("", line, flaw="YAML aliases (*name) are not accepted in a kubeconfig")
    flaw = ""
    if event.anchor is not None:
        flaw = "YAML anchors (&name) are not accepted in a kubeconfig"
    if getattr(event, "tag", None) is not None:
        flaw = "YAML tags (!name) are not accepted in a kubeconfig"
    if isinstance(event, yaml.ScalarEvent):
        return Scalar(event.value, line, plain=not event.style, flaw=flaw)
    return Sequence(line, flaw) if isinstance(event, yaml.SequenceStartEvent) else Mapping(line, flaw)


def _put(parent: Sequence | Mapping, node: Node) -> None:
    if isinstance(parent, Sequence):
        parent.items.append(node)
    elif parent.key is None:
        parent.key = _key(parent, node)
    else:
        parent.entries[parent.key] = node
        parent.key = None


def _key(parent: Mapping, node: Node) -> str:
    """The key that ``node`` is; of two equal ones the first value is kept, and the mapping is spoilt."""
    if isinstance(node, Scalar) and not node.flaw and not (node.plain and node.text == "<<"):
        if node.text not in parent.entries:
            return node.text
        parent.flaw = parent.flaw or f"a key occurs twice (again on line {node.line})"
    else:
        parent.flaw = parent.flaw or f"a key that is not plain text (line {node.line})"
    return f"\0{node.line}:{len(parent.entries)}"
