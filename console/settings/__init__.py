"""What a person chose about the console: one TOML file, its schema, and who may change it. No secrets.

A wrong line is named and its default used; nothing here ever stops the console, or overwrites what it can't
read.
"""

from console.settings.schema import Table, UserCommand, Values
from console.settings.store import Settings, SettingsRefused, users_settings

__all__ = ["Settings", "SettingsRefused", "Table", "UserCommand", "Values", "users_settings"]
