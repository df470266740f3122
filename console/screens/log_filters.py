"""Which lines the Logs screen shows: patterns, problems only, some sources; and going from match to match."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from textual import work

from backend.fleet.filter import PatternError
from backend.observe.logs.block import Level
from backend.observe.logs.desk import LogDesk
from backend.observe.logs.line_filter import LineFilter, LinePattern
from console.screens.frame import FrameScreen
from console.theme import Tone
from console.views import LogsView
from console.widgets.log_pane import LogPane

_STEP = 500


class LogFilters(FrameScreen):
    """Mixed into the Logs screen, which has the desk and the pane."""

    asked: LogsView
    desk: LogDesk | None = None

    def __init__(self) -> None:
        super().__init__()
        self._match: LinePattern | None = None
        self._hidden: LinePattern | None = None
        self._only = True
        """Only matches are shown; else they are marked among the others."""
        self._problems = False
        self._sources: frozenset[int] | None = None
        """Whose lines are shown; None: of all."""

    @property
    def pane(self) -> LogPane:
        return self.query_one(LogPane)

    def tell_subject(self) -> None:
        """Say on the second line what is shown."""
        raise NotImplementedError

    def use_asked(self) -> None:
        """The patterns of the view."""
        selection = self.asked.selection
        self._match = LinePattern(selection.match) if selection.match else None
        self._hidden = LinePattern(selection.not_match) if selection.not_match else None

    def use_filter(self) -> None:
        """Show what passes now; the cursor stays on its line where that is shown."""
        desk = self.desk
        if desk is None:
            return
        self.pane.look.pattern = self._match
        desk.filter(
            LineFilter(
                match=self._match if self._only else None,
                not_match=self._hidden,
                problems=self._problems,
                sources=self._sources,
            )
        )
        if self.pane.following:
            self.pane.sync()
        else:
            self.pane.go_to(self.pane.cursor)
        self.tell_subject()
        self.refresh_bindings()

    def show_sources(self, sources: frozenset[int] | None) -> None:
        self._sources = sources
        self.use_filter()

    def filters(self) -> list[str]:
        """The filters in force, and what was asked for, as the second line shows them."""
        found = [f"/{self._match.pattern}"] if self._match else []
        found += ["with context"] if self._match and not self._only else []
        found += [f"!{self._hidden.pattern}"] if self._hidden else []
        found += ["problems only"] if self._problems else []
        if self._sources is not None:
            found.append(f"{len(self._sources)} sources")
        first, *more = self.asked.selection.queries
        if not more and first.clusters:
            names = {member.id: member.name for member in self.navarch.members}
            found.append("@" + ",".join(names.get(name, name) for name in first.clusters))
        if not more and first.namespaces:
            found.append("-n " + ",".join(first.namespaces))
        return found

    # --- typing

    def action_filter(self) -> None:
        self.prompt.ask("filter", "/", text=self._match.pattern if self._match else "")

    def action_hide(self) -> None:
        self.prompt.ask("hide", "!", text=self._hidden.pattern if self._hidden else "")

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind in ("filter", "hide"):
            self._set_pattern(kind, text)

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind in ("filter", "hide"):
            self._set_pattern(kind, text)
            self._remember()

    def prompt_cancelled(self, kind: str) -> None:
        if kind in ("filter", "hide"):
            self._set_pattern(kind, "")
            self._remember()

    def _set_pattern(self, kind: str, text: str) -> None:
        """A pattern that can't be read leaves the last good one in force."""
        try:
            pattern = LinePattern(text) if text else None
        except PatternError as error:
            self.prompt.wrong(True)
            self.say(f"Not a pattern yet: {error}", Tone.WARNING, stay=True)
            return
        self.prompt.wrong(False)
        self.clear_notice()
        if kind == "filter":
            self._match = pattern
        else:
            self._hidden = pattern
        self.use_filter()

    def _remember(self) -> None:
        selection = replace(
            self.asked.selection,
            match=self._match.pattern if self._match else "",
            not_match=self._hidden.pattern if self._hidden else "",
        )
        self.asked = replace(self.asked, selection=selection)
        self.navarch.history.update(self.asked)

    # --- keys

    def action_context(self) -> None:
        self._only = not self._only
        if not self._only:
            self.pane.stand()
        self.use_filter()

    def action_problems(self) -> None:
        self._problems = not self._problems
        self.use_filter()

    def action_match(self, by: int) -> None:
        self.seek_match(by)

    @work(exclusive=True, group="match", exit_on_error=False)
    async def seek_match(self, by: int) -> None:
        """Go to the next match, wherever it is."""
        desk, pattern = self.desk, self._match
        if desk is None or pattern is None:
            return
        found = await asyncio.to_thread(next_match, desk, pattern, self.pane.cursor, by)
        if found is None:
            self.say("No further match" if by > 0 else "No match before this one")
        else:
            self.clear_notice()
            self.pane.go_to(found)

    @property
    def filtered(self) -> bool:
        return bool(self._match or self._hidden or self._problems or self._sources is not None)

    def action_back(self) -> None:
        if self.filtered:
            self._match = self._hidden = self._sources = None
            self._problems, self._only = False, True
            self.use_filter()
            self._remember()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return self.filtered or super().can_go_back()


def next_match(desk: LogDesk, pattern: LinePattern, start: int, by: int) -> int | None:
    """In a thread: the number of the next shown line that matches, before or after ``start``."""
    shown = desk.shown
    place = shown.place(start) + by
    while 0 <= place < len(shown):
        numbers = (
            shown.numbers(place, place + _STEP)
            if by > 0
            else shown.numbers(place - _STEP + 1, place + 1)[::-1]
        )
        for number in numbers:
            entries = desk.spool.read(number, number + 1)
            if entries and entries[0].level < Level.SEAM and pattern.matches(entries[0].text):
                return number
        place += by * _STEP
    return None
