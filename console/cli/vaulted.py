"""Choosing clusters of the vault on a command line."""

from __future__ import annotations

from collections.abc import Sequence

from backend.fleet.fleet import NoSuchCluster
from backend.fleet.member import select
from backend.fleet.registry import Known, Registry, members
from backend.vault import Vault


def chosen(vault: Vault, patterns: Sequence[str]) -> list[Known]:
    """The clusters that names, globs, ``#tags`` or groups mean, with or without ``@``; none given: all.

    Raises NoSuchCluster for what no cluster is called.
    """
    wanted = [part for pattern in patterns for part in pattern.removeprefix("@").split(",") if part]
    everyone = members(vault)
    found, unmatched = select(everyone, wanted)
    if unmatched:
        raise NoSuchCluster(unmatched, everyone)
    ids = {member.id for member in found}
    return [known for known in Registry(vault).known() if known.id in ids]
