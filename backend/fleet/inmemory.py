"""A fleet straight from a kubeconfig, in memory only: nothing is stored, no plugin is approved."""

from __future__ import annotations

import hashlib
from pathlib import Path

from backend.fleet.member import Member
from backend.kube.errors import KubeconfigError
from backend.kube.kubeconfig import Kubeconfig, load
from backend.text import safe_text


def members_of(path: Path) -> tuple[list[Member], list[str]]:
    """A member for every usable context of the file, and a sentence for each that can't be used.

    Ids are made of the context's name, so that they stay the same from run to run. Raises KubeconfigError if
    the file can't be read, or has no usable context at all.
    """
    config = load(path)
    members, problems = [], [f"{problem.where}: {problem.sentence}" for problem in config.problems]
    for name in config.usable:
        try:
            members.append(_member(config, name, path))
        except KubeconfigError as error:
            problems.append(f"context {safe_text(name)}: {error.sentence}")
    if not members:
        raise KubeconfigError(
            str(path),
            "the kubeconfig has no context that can be used",
            advice=problems[0] if problems else "It names no contexts.",
        )
    return members, problems


def _member(config: Kubeconfig, context: str, path: Path) -> Member:
    identity = hashlib.sha256(f"{path.absolute()}\0{context}".encode()).hexdigest()[:16]
    access = config.access(context, read_files=True, id=identity)
    return Member(
        id=identity,
        name=access.name,
        access=access,
        source=f"{safe_text(path)}, context {safe_text(context)}",
    )
