"""A person's own programs as actions, so that keys, help and the palette show them like any other."""

from __future__ import annotations

from collections.abc import Mapping

from backend.kube.objects import ApiResource
from console.actions.action import Action, Scope
from console.settings.schema import UserCommand


def action_of(name: str, command: UserCommand) -> Action:
    """The action that runs this command on the object under the cursor."""
    title = command.title or name
    return Action(
        f"command.{name}",
        command.key,
        f"screen.user_command('{name}')",
        title[:24],
        f"{title}: {' '.join(command.run)}"[:200],
        scope=Scope.OBJECT,
        bar=60,
        changes=command.changes,
    )


def actions_of(commands: Mapping[str, UserCommand]) -> list[Action]:
    return [action_of(name, command) for name, command in commands.items()]


def offered(command: UserCommand, resource: ApiResource) -> bool:
    """Whether the command is for objects of this kind: by plural, kind, short name or plural.group."""
    full = f"{resource.plural}.{resource.group}"
    names = {word.lower() for word in (resource.plural, resource.kind, full, *resource.short_names)}
    return not command.kinds or any(wanted.lower() in names for wanted in command.kinds)
