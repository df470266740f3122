"""A kubeconfig's bytes into entries and a list of what can't be used."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig import entries
from backend.kube.kubeconfig.fields import Fields
from backend.kube.kubeconfig.model import Kubeconfig, Problem
from backend.kube.kubeconfig.reader import MAX_BYTES, Flaw, Mapping, Node, Scalar, read
from backend.kube.kubeconfig.resolve import error, resolved
from backend.kube.regular_file import read_regular
from backend.text import safe_text


def load(path: Path) -> Kubeconfig:
    """Read and parse the regular file at ``path``, of at most MAX_BYTES. Raises KubeconfigError."""
    try:
        data = read_regular(path, MAX_BYTES)
    except OSError as problem:
        raise KubeconfigError(
            str(path),
            f"the kubeconfig can't be read: {problem.strerror or problem}",
            advice="Check the path.",
        ) from None
    return parse(data, origin=path)


def parse(data: bytes, *, origin: Path | None) -> Kubeconfig:
    """The content of a kubeconfig; relative paths in it are relative to ``origin``.

    Raises KubeconfigError if nothing of it can be used; what is wrong with single entries is in
    ``problems``, and the others work.
    """
    try:
        top = _top(read(data))
        base_dir = origin.absolute().parent if origin else None
        config = Kubeconfig(
            clusters=entries.named(top, "clusters", "cluster", entries.cluster),
            users=entries.named(top, "users", "user", partial(entries.user, base_dir=base_dir)),
            contexts=entries.named(top, "contexts", "context", entries.context),
            problems=(),
            current_context=top.text("current-context"),
            origin=origin,
        )
    except Flaw as flaw:
        raise error(str(origin or "kubeconfig"), flaw) from None
    return Kubeconfig(
        clusters=config.clusters,
        users=config.users,
        contexts=config.contexts,
        problems=tuple(_problems(config)),
        current_context=config.current_context,
        origin=origin,
    )


def _top(node: Node | None) -> Fields:
    if node is None or (isinstance(node, Scalar) and node.null) or node == Mapping(node.line):
        raise Flaw(
            "the kubeconfig is empty", advice="Choose another file, or write one with your cluster's tool."
        )
    if node.flaw:
        raise Flaw(node.flaw, line=node.line)
    top = Fields(node, "the file")
    kind = top.text("kind")
    if kind not in {"", "Config"} or top.text("apiVersion") not in {"", "v1"}:
        raise Flaw("the file is not a kubeconfig (kind: Config, apiVersion: v1)", line=top.line_of("kind"))
    if not any(key in top for key in ("clusters", "contexts", "users")):
        raise Flaw("the file is not a kubeconfig: it has no clusters and no contexts")
    return top


def _problems(config: Kubeconfig) -> list[Problem]:
    found = []
    for what, group in (("cluster", config.clusters), ("user", config.users)):
        for name, entry in group.items():
            if isinstance(entry, Flaw):
                found.append(_problem(f"{what} {name}", entry))
    for name in config.contexts:
        try:
            resolved(config, name)
        except Flaw as flaw:
            found.append(_problem(f"context {name}", flaw))
    return sorted(found, key=lambda problem: problem.line or 0)


def _problem(where: str, flaw: Flaw) -> Problem:
    return Problem(
        where=safe_text(where),
        sentence=safe_text(flaw.sentence),
        advice=safe_text(flaw.advice or KubeconfigError.default_advice),
        line=flaw.line,
    )
