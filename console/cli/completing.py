"""What the shell offers after TAB: kinds, columns, clusters. Silent when the vault is locked; asks nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from backend.fleet.completion import Known, complete
from backend.fleet.member import Member


def words(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Kinds for the first word, ``@clusters`` anywhere."""
    if incomplete.startswith("@"):
        return _offered(f"pods {incomplete}", Known(members=_members(ctx)))
    return [] if _typed(ctx) else _offered(incomplete, Known())


def clusters(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names, groups and tags for ``--cluster``."""
    return _offered(f"pods -c {incomplete}", Known(members=_members(ctx)))


def columns(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Columns of the kind that stands on the line already."""
    typed = [word for word in _typed(ctx) if not word.startswith(("@", "/", "!"))]
    return _offered(f"{typed[0]} --sort {incomplete}", Known()) if typed else []


def _typed(ctx: Any) -> list[str]:
    """The words that stand already; beside an option without its value they are still unparsed."""
    return list(ctx.params.get("words") or ctx.args)


def _offered(line: str, known: Known) -> list[str]:
    return [candidate.text for candidate in complete(line, known).candidates]


def _members(ctx: Any) -> list[Member]:
    """Of the kubeconfig on the line, or of the vault if it is unlocked; none when that can't be had."""
    try:
        if (kubeconfig := ctx.params.get("kubeconfig")) is not None:
            from backend.fleet.inmemory import members_of

            return members_of(Path(kubeconfig))[0]
        from backend.fleet.registry import members
        from console.cli.session import open_vault

        vault = open_vault(ask=False, extend=False, quiet=True)
        try:
            return members(vault)
        finally:
            vault.close()
    except Exception:  # whatever is wrong, TAB is not the place to say it
        return []
