"""Choosing clusters of the vault on a command line."""

from __future__ import annotations

from collections.abc import Sequence

import typer

from backend.fleet.fleet import NoSuchCluster
from backend.fleet.member import select
from backend.fleet.registry import Known, Registry, members
from backend.vault import Vault


def complete_clusters(incomplete: str) -> list[str]:
    """Names of clusters for the shell's completion; none while the vault is locked, and never a question."""
    try:
        vault = Vault.open()
        if not vault.unlock_cached():
            return []
        names = [member.name for member in members(vault)]
    except Exception:
        return []  # a shell's completion must stay silent whatever is wrong
    return [name for name in names if name.startswith(incomplete) and name.isprintable()]


def _parts(pattern: str) -> list[str]:
    return [part for part in pattern.removeprefix("@").split(",") if part.strip()]


def chosen(vault: Vault, patterns: Sequence[str]) -> list[Known]:
    """The clusters that names, globs, ``#tags`` or groups mean, with or without ``@``; none given: all.

    Raises NoSuchCluster for what no cluster is called, and typer.BadParameter for an empty name: that is a
    script's unset variable, and ``cluster remove "$CLUSTER"`` must never mean all of them.
    """
    everyone = members(vault)
    names = {member.name for member in everyone}
    wanted: list[str] = []
    for pattern in patterns:
        parts = [pattern] if pattern in names else _parts(pattern)
        if not parts:
            raise typer.BadParameter("a cluster's name is empty; leave it out, or say which you mean")
        wanted += parts
    found, unmatched = select(everyone, wanted)
    if unmatched:
        raise NoSuchCluster(unmatched, everyone)
    ids = {member.id for member in found}
    return [known for known in Registry(vault).known() if known.id in ids]
