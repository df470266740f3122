"""The access providers that a person set, as discovery needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.fleet.registry.discover_providers import Provider

if TYPE_CHECKING:
    from console.settings import Settings


def settings_providers(settings: Settings) -> dict[str, Provider]:
    """By name, in the settings' order."""
    return {
        name: Provider(
            command=entry.run[0],
            args=tuple(entry.run[1:]),
            env=dict(entry.env),
            added_arguments=entry.profile_arguments,
        )
        for name, entry in settings.values.providers.items()
        if entry.run
    }
