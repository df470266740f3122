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


def kinds(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """The last of several kinds between commas."""
    kept, comma, last = incomplete.rpartition(",")
    return [f"{kept}{comma}{word}" for word in _offered(last, Known())]


def columns(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Columns of the kind that stands on the line already."""
    typed = [word for word in _typed(ctx) if not word.startswith(("@", "/", "!"))]
    return _offered(f"{typed[0]} --sort {incomplete}", Known()) if typed else []


def setting_keys(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """Keys of settings; ids of actions after ``keys.``, kinds after ``tables.``."""
    from console.actions import ACTIONS
    from console.settings.fields import fields
    from console.settings.schema import Table, UserCommand, Values

    found = [f"{name}." if field.is_dict else name for name, field in fields(Values).items()]
    if incomplete.startswith("keys."):
        found = [f"keys.{action_id}" for action_id in ACTIONS]
    elif incomplete.startswith(("tables.", "commands.")):
        table, name, *rest = incomplete.split(".")
        kinds = _offered(name, Known()) if table == "tables" and not rest else [name]
        inner = fields(Table if table == "tables" else UserCommand)
        found = [f"{table}.{kind}.{key}" for kind in kinds for key in inner]
    return [key for key in found if key.startswith(incomplete)]


def setting_values(ctx: Any, args: list[str], incomplete: str) -> list[str]:
    """What the key on the line may be set to, where that is a choice."""
    from console.palettes import names
    from console.settings.fields import field_at, read_key

    key = str(ctx.params.get("key") or "")
    field = field_at(read_key(key)) if key else None
    found: tuple[str, ...] = ()
    if key == "theme":
        found = names()
    elif field is not None and field.type is bool:
        found = ("true", "false")
    elif key.endswith(".where"):
        found = ("text", "terminal")
    return [value for value in found if value.startswith(incomplete)]


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
