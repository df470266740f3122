"""What the shell offers after TAB: kinds, columns, clusters. Silent when the vault is locked; asks nobody."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # every command names its completions, few are ever asked for one
    from backend.fleet.member import Member


VERBS = (
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
    "impersonate",
    "escalate",
    "bind",
    "approve",
    "sign",
    "use",
)
"""Verbs of requests, and those that RBAC and other authorizers add."""


def words(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Kinds for the first word, ``@clusters`` anywhere."""
    if incomplete.startswith("@"):
        return _offered(f"pods {incomplete}", members=_members(ctx))
    return [] if _typed(ctx) else _offered(incomplete)


def clusters(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names, groups and tags for ``--cluster``."""
    return _offered(f"pods -c {incomplete}", members=_members(ctx))


def kinds(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """The last of several kinds between commas."""
    kept, comma, last = incomplete.rpartition(",")
    return [f"{kept}{comma}{word}" for word in _offered(last)]


def columns(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Columns of the kind that stands on the line already."""
    typed = [word for word in _typed(ctx) if not word.startswith(("@", "/", "!"))]
    return _offered(f"{typed[0]} --sort {incomplete}") if typed else []


def namespaces(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Namespaces that are known without asking a cluster, after the last comma."""
    known = sorted({name for member in _members(ctx) for name in member.namespaces})
    return _offered(f"pods -n {incomplete}", namespaces=known) if known else []


def at_clusters(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """``@clusters``, where any other word is free."""
    return words(ctx, args, incomplete) if incomplete.startswith("@") else []


def cluster_list(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names, groups and tags of clusters, with or without ``@``."""
    return words(ctx, args, incomplete) if incomplete.startswith("@") else clusters(ctx, args, incomplete)


def groups(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Names of groups."""
    return _starting({group for member in _members(ctx) for group in member.groups}, incomplete)


def tags(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Tags that some cluster has."""
    return _starting({tag for member in _members(ctx) for tag in member.tags}, incomplete)


def questions(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """A verb, then a kind; ``@clusters`` anywhere."""
    if incomplete.startswith("@"):
        return words(ctx, args, incomplete)
    typed = [word for word in _typed(ctx) if not word.startswith("@")]
    if not typed:
        return [verb for verb in VERBS if verb.startswith(incomplete)]
    return _offered(incomplete) if len(typed) == 1 else []


def _starting(names: set[str], incomplete: str) -> list[str]:
    return sorted(name for name in names if name.startswith(incomplete) and name.isprintable())


def _typed(ctx: Any) -> list[str]:
    """The words that stand already; beside an option without its value they are still unparsed."""
    return list(ctx.params.get("words") or ctx.args)


def _offered(line: str, **known: Any) -> list[str]:
    """``known``: of :class:`backend.fleet.completion.Known`."""
    from backend.fleet.completion import Known, complete

    return [candidate.text for candidate in complete(line, Known(**known)).candidates]


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
