"""Favourite filters: digits apply them, ``0`` clears, ``+`` keeps the one on the screen."""

from __future__ import annotations

from dataclasses import replace

from backend.fleet.query import Query, QuerySyntaxError, parse_line
from backend.fleet.words import quoted
from console.actions import Scope
from console.keymap import bindings
from console.screens.error import full_sentence
from console.screens.frame import FrameScreen
from console.theme import Tone


class FavouriteKeys(FrameScreen):
    """For screens with a table. Where nothing can be filtered, only whole lines (``:…``) work."""

    BINDINGS = bindings(Scope.FAVOURITES)

    def filter_now(self) -> Query | None:
        """What is shown, with every filter; None: nothing here can be filtered by a line."""
        return None

    def use_filter(self, query: Query) -> None:
        """Show what the query asks for; only called where :meth:`filter_now` gives one."""
        raise NotImplementedError

    @property
    def kind_listed(self) -> str:
        """The kind whose own favourites work here; empty: none's."""
        return ""

    def favourites(self) -> dict[str, str]:
        """The lines that work here by digit; a kind's own win over the general ones."""
        settings = self.navarch.settings
        kind = self.kind_listed
        lines = {**settings.values.favourites, **(settings.table(kind).favourites if kind else {})}
        return lines if kind else {slot: line for slot, line in lines.items() if line.startswith(":")}

    def action_favourite(self, slot: str) -> None:
        line, now = self.favourites()[slot], self.filter_now()
        if line.startswith(":") or now is None:
            self.navarch.run_line(line)
            return
        try:
            wanted = parse_line(f"{quoted(now.kind)} {line}")
        except QuerySyntaxError as error:
            self.say(full_sentence(error), Tone.ERROR)
            return
        if not wanted.sort:
            wanted = replace(wanted, sort=now.sort, descending=now.descending)
        self.use_filter(wanted)

    def action_clear_filters(self) -> None:
        now = self.filter_now()
        if now is not None:
            self.use_filter(Query(kind=now.kind, sort=now.sort, descending=now.descending))

    def action_keep_favourite(self) -> None:
        from console.screens.keep_favourite import KeepFavouriteScreen

        now = self.filter_now()
        if now is not None:
            self.app.push_screen(KeepFavouriteScreen(self.kind_listed, filter_line(now)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "favourite":
            return self.is_mounted and str(parameters[0]) in self.favourites()
        if action in ("clear_filters", "keep_favourite"):
            return self.is_mounted and bool(self.kind_listed)
        return super().check_action(action, parameters)


def filter_line(query: Query) -> str:
    """The query without its kind and order, as a favourite holds it."""
    return str(replace(query, kind="x", sort="", descending=False)).removeprefix("x").strip()
