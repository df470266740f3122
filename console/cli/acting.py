"""``--as`` and what goes with it: acting as somebody else, on every command that reaches clusters.

The options are added to each command that takes ``--kubeconfig`` (see ``console.cli.root``) and kept in the
command's context, where opening the fleet finds them: a command can't forget to pass them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any

import typer
from typer._click.globals import get_current_context  # Typer exports these nowhere else

from backend.kube.access import Impersonation

_META = "navarch.as"


def _keep(ctx: typer.Context, param: Any, value: Any) -> Any:
    if value:
        ctx.meta.setdefault(_META, {})[param.name] = value
    return value


def _declared(
    as_user: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="USER",
            help="Act as this user, with their rights (impersonation).",
            callback=_keep,
            expose_value=False,
        ),
    ] = None,
    as_group: Annotated[
        list[str] | None,
        typer.Option(
            "--as-group",
            metavar="GROUP",
            help="With --as: a group of theirs; may be repeated.",
            callback=_keep,
            expose_value=False,
        ),
    ] = None,
    as_uid: Annotated[
        str | None,
        typer.Option(
            "--as-uid", metavar="UID", help="With --as: their uid.", callback=_keep, expose_value=False
        ),
    ] = None,
    as_user_extra: Annotated[
        list[str] | None,
        typer.Option(
            "--as-user-extra",
            metavar="KEY=VALUE",
            help="With --as: what else is known of them, such as scopes; may be repeated.",
            callback=_keep,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """The options, for Typer to read."""


@cache
def options() -> tuple[Any, ...]:
    """The options as parameters of a command; the same ones for all commands."""
    params, _, _ = typer.main.get_params_convertors_ctx_param_name_from_function(_declared)
    return tuple(params)


def chosen() -> Impersonation | None:
    """As whom this command was asked to act; None: as ourselves. Raises typer.BadParameter."""
    context = get_current_context(silent=True)
    given: dict[str, Any] = context.meta.get(_META, {}) if context is not None else {}
    if not given:
        return None
    user = str(given.get("as_user", "")).strip()
    if not user:
        raise typer.BadParameter("groups, a uid and extras need a user: --as USER", param_hint="--as")
    groups = tuple(str(group) for group in given.get("as_group", ()))
    return Impersonation(
        user=user,
        uid=str(given.get("as_uid", "")),
        groups=groups,
        extra=_extra(given.get("as_user_extra", ())),
    )


def _extra(given: Sequence[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    from backend.tenancy.impersonating import NotActing, read_extra

    try:
        return read_extra(given)
    except NotActing as error:
        raise typer.BadParameter(error.sentence, param_hint="--as-user-extra") from None
