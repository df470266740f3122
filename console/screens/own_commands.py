"""For screens with an object under the cursor: a person's own programs on it, by key or from a list."""

from __future__ import annotations

from textual.binding import BindingsMap

from backend.text import SafeStr, safe_text
from console.actions import Action, Scope
from console.keymap import binding, bindings
from console.screens.object_keys import ObjectKeys
from console.settings import UserCommand
from console.user_commands.actions import offered


class OwnCommands(ObjectKeys):
    BINDINGS = bindings(Scope.OWN)

    def commands_here(self) -> dict[str, UserCommand]:
        """Those that are for the kind of the object under the cursor."""
        ref, commands = self.current, self.navarch.settings.values.commands
        if not commands or ref is None:
            return {}
        return {name: command for name, command in commands.items() if offered(command, ref.resource)}

    def on_mount(self) -> None:
        super().on_mount()
        self.bind_own()

    def bind_own(self) -> None:
        """Bind the keys of a person's own programs to this screen; they are no class's."""
        own = [action for action in self.navarch.actions.values() if action.id.startswith("command.")]
        mine = BindingsMap([binding(action) for action in own])
        plain = BindingsMap(
            [b for _, b in self._bindings if not (b.id or "").startswith("command.")],
        )
        self._bindings = BindingsMap.merge([plain, mine])
        self.refresh_bindings()

    def why_not(self, action: Action) -> SafeStr:
        name = action.id.removeprefix("command.")
        command = self.navarch.settings.values.commands.get(name) if name != action.id else None
        if command is not None and self.current is not None and name not in self.commands_here():
            return safe_text(f"it is for {', '.join(command.kinds)}")
        return super().why_not(action)

    def action_user_commands(self) -> None:
        from console.screens.choose_command import ChooseCommandScreen

        commands = self.commands_here()
        if not commands:
            self.say("No program of yours is for this kind; docs/settings.md shows how to add one")
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                self.action_user_command(name)

        self.app.push_screen(ChooseCommandScreen(commands), chosen)

    def action_user_command(self, name: str) -> None:
        from console.user_commands.flow import run_command

        command = self.commands_here().get(name)
        if command is not None:
            refs = self.chosen()
            app = self.navarch
            app.run_worker(
                app.attempt(lambda: run_command(app, name, command, refs)),
                group="own",
                exclusive=True,
                exit_on_error=False,
            )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "user_commands":
            some = self.is_mounted and self.current is not None
            return some and bool(self.navarch.settings.values.commands)
        if action == "user_command":
            return self.is_mounted and str(parameters[0]) in self.commands_here()
        return super().check_action(action, parameters)
