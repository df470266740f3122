"""The application as its user likes it: colours, keys, own programs; taken anew when the file changes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from textual.driver import Driver

from console.actions import ACTIONS, Action
from console.keymap import textual_keymap
from console.palettes import OWN, BadPalette
from console.screens.cover import CoveredApp
from console.settings import Settings, Values
from console.terminal.traits import Traits, detect
from console.theme import Palette, default_theme, forget_own_palettes, palette, textual_theme


class FurnishedApp(CoveredApp, inherit_bindings=False):
    """Knows the settings and what follows from them; what is shown is the subclass's affair."""

    def __init__(
        self,
        *,
        traits: Traits | None = None,
        settings: Settings | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        self.traits = traits or detect()
        self.settings = settings or Settings()
        super().__init__(driver_class=driver_class)
        for name in OWN:
            self.register_theme(textual_theme(name))
        self.trouble = str(self.settings.told)
        """What of the settings is not used, to be said once."""
        self._palette = self._usable(default_theme(self.traits, chosen=self.settings.values.theme))
        self.theme = self._palette.name
        self._applied = self.settings.values
        self.set_keymap(textual_keymap(self._applied.keys))

    # --- what follows from the settings

    @property
    def palette(self) -> Palette:
        return self._palette

    @property
    def glows(self) -> bool:
        """Whether changed cells glow."""
        return self.settings.values.glow and not self.traits.remote

    @cached_property
    def actions(self) -> Mapping[str, Action]:
        """Every action by its id: the registry's, and the programs of the person's own."""
        from console.user_commands.actions import actions_of

        commands = self.settings.values.commands
        return {**ACTIONS, **{action.id: action for action in actions_of(commands)}} if commands else ACTIONS

    def reload_settings(self, *, force: bool = False) -> bool:
        """Take the file anew if somebody changed it; whether anything is different now."""
        changed = self.settings.reload(force=force)
        if changed:
            self.trouble = str(self.settings.told)
        return self.apply_settings() or changed

    def examine_settings(self) -> None:
        """Look at what was too slow to look at before the first picture."""
        if self.settings.examine():
            self.trouble = str(self.settings.told)
            self.apply_settings()

    def apply_settings(self) -> bool:
        """Make what is shown follow the settings; whether there was anything to do."""
        values, before = self.settings.values, self._applied
        if values == before:
            return False
        self._applied = values
        if values.theme != before.theme:
            forget_own_palettes()
            self.use_palette(default_theme(self.traits, chosen=values.theme))
        if values.keys != before.keys:
            self.set_keymap(textual_keymap(values.keys))
        if values.commands != before.commands:
            self.__dict__.pop("actions", None)
        self.settings_applied(before)
        return True

    def settings_applied(self, before: Values) -> None:
        """The settings are others than ``before``; for what is on the screen."""

    # --- colours

    def use_palette(self, name: str, *, remember: bool = False) -> None:
        """Change all colours at once; ``remember``: for the next runs too."""
        self._palette = self._usable(name)
        if remember:
            self.trouble = str(self.settings.keep(("theme",), name))
            self._applied = self.settings.values
        self.theme = self._palette.name
        for screen in self.screen_stack:
            for widget in screen.query("LineWidget"):
                widget.refresh()

    def _usable(self, name: str) -> Palette:
        """The palette of this name, known to Textual too; another one if its file can't be used."""
        try:
            found = palette(name)
        except BadPalette as error:
            self.trouble = str(error.sentence)
            return palette(default_theme(self.traits))
        if name not in OWN:
            self.register_theme(textual_theme(name))
        return found
