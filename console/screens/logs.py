"""Logs of many containers as one stream."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import replace

from textual import on, work
from textual.widget import Widget

from backend.observe.logs.block import Entry
from backend.observe.logs.desk import LogDesk
from backend.observe.logs.moment import moment_in
from backend.observe.logs.places import StreamPlaces
from backend.observe.logs.sources import Source
from backend.observe.logs.spool import Spool
from backend.resources.kinds import pod as pods
from console.actions import Scope
from console.keymap import bindings
from console.screens.log_facts import counts, whose, why_empty
from console.screens.log_filters import LogFilters
from console.screens.log_keeping import KeptLook, Mark, find_marks, mark_of
from console.theme import Tone
from console.views import EventsView, LogsView, ObjectRef
from console.widgets.log_lines import Clock
from console.widgets.log_pane import LogPane
from console.widgets.paint import Piece

_FIRST = 0.02
"""Seconds between two looks until the first line is here."""
_SOON = 0.06
"""Seconds the first picture waits for the first line, or for a word why there is none."""
_READABLE, _FLOOD = 1000, 0.25
"""Lines a second above which nobody reads what runs by, and the seconds between two pictures of it then."""
_SEEK = 2.0
"""Seconds after which one stands at the asked moment, whatever of the past is here."""


_Followed = tuple[LogDesk, asyncio.Task[None]]


class LogsScreen(LogFilters):
    about = (
        "Lines of all the containers that were chosen, merged by the time their nodes wrote. They are kept "
        "on disk, encrypted for this run only, so that nothing is lost while you read. A stream that is "
        "cut goes on from its latest line; a restart is a line of its own."
    )
    BINDINGS = bindings(Scope.LOGS)

    def __init__(self, view: LogsView) -> None:
        super().__init__()
        self.asked = view
        self._seek = view.around
        self._known_sources = 0
        self._has_lines = False
        self._marks: dict[int, Mark] = {}
        self._lost_marks: set[Mark] = set()
        """Bookmarks of a former visit whose lines were not read again yet."""
        self._marks_again = (0.0, 0.5)
        """When they are looked for next (monotonic), and the pause after that."""
        self._told = asyncio.Event()
        """A line is on the screen."""
        # The request is on its way while the screen is made and drawn.
        self._early: asyncio.Task[_Followed] | None = asyncio.create_task(self._follow())

    async def complete(self) -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_SOON):
                await self._told.wait()
        return self._told.is_set()

    def crumbs(self) -> tuple[object, ...]:
        return ("fleet", "logs", whose(self.asked.selection))

    def body(self) -> Widget:
        return LogPane(id="body")

    # --- following

    def on_mount(self) -> None:
        super().on_mount()
        self.pane.messages = [(Piece("Looking for containers…", Tone.DIM),)]
        self._take_up()
        self.use_asked()
        self.tell_subject()
        self.read()

    def _take_up(self) -> None:
        """Go on as this selection was left in this session."""
        look, kept = self.pane.look, self.navarch.log_looks.of(self.asked.selection)
        look.laid_out = self.navarch.settings.values.logs.laid_out
        if kept is not None:
            look.clock, look.labels, look.laid_out = kept.clock, kept.labels, kept.laid_out
            look.columns, self.pane.wrapping = kept.columns, kept.wrapping
            self._lost_marks = set(kept.marks)

    def _keep_look(self, pane: LogPane) -> None:
        look = pane.look
        kept = KeptLook(
            clock=look.clock,
            labels=look.labels,
            laid_out=look.laid_out,
            wrapping=pane.wrapping,
            columns=look.columns,
            marks={*self._marks.values(), *self._lost_marks},
        )
        self.navarch.log_looks.keep(self.asked.selection, kept)

    @work(group="marks", exit_on_error=False)
    async def _seek_marks(self, desk: LogDesk) -> None:
        sources = list(desk.follower.sources)
        found = await asyncio.to_thread(find_marks, desk.spool, set(self._lost_marks), sources)
        self._marks |= found
        self._lost_marks -= set(found.values())
        self.pane.marked |= found.keys()
        if found:
            self.pane.sync()
            self.refresh_bindings()

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def read(self) -> None:
        """Follow what was asked until the screen goes away."""
        await self.navarch.attempt(self._read)

    async def _follow(self) -> _Followed:
        fleet, wanted = await self.navarch.fleet(), self.navarch.settings.values.logs
        desk = LogDesk(
            fleet,
            self.asked.selection,
            spool=Spool(largest=wanted.megabytes << 20),
            places=StreamPlaces(per_cluster=wanted.streams_per_cluster, altogether=wanted.streams),
        )
        return desk, asyncio.create_task(desk.run())

    async def _read(self) -> None:
        pane = self.pane  # it can't be asked for any more when the screen has gone away
        early, self._early = self._early, None
        desk, running = await (early or self._follow())
        began = time.monotonic()
        interval = 0.2 if self.navarch.traits.remote else 0.1
        lines = asyncio.create_task(desk.some.wait())
        shown = 0
        try:
            self.desk = pane.desk = desk
            self.use_filter()
            while True:
                await desk.heard.wait()
                desk.heard.clear()
                if running.done() and (error := running.exception()) is not None:
                    raise error
                self._seek_moment(late=time.monotonic() - began > _SEEK)
                self._show_news()
                before = desk.spool.end
                if before:
                    await asyncio.sleep(interval if before - shown < _READABLE * interval else _FLOOD)
                    shown = before
                else:
                    await asyncio.wait({lines}, timeout=_FIRST)
        finally:
            running.cancel()
            lines.cancel()
            await asyncio.gather(running, lines, return_exceptions=True)
            self._keep_look(pane)
            self.desk = pane.desk = None
            await asyncio.shield(desk.close())

    def _seek_moment(self, *, late: bool) -> None:
        """Stand at the moment that was asked for as soon as it is here."""
        desk = self.desk
        if self._seek is None or desk is None or not desk.spool.end:
            return
        number = desk.spool.line_at(int(self._seek * 1e9))
        if number < desk.spool.end or late:
            self._seek = None
            self.pane.go_to(number)

    def _show_news(self) -> None:
        desk = self.desk
        assert desk is not None
        sources = desk.follower.sources
        if len(sources) != self._known_sources:
            self._known_sources = len(sources)
            self.pane.look.learn(sources, width=self.size.width)
        if bool(len(desk.shown)) is not self._has_lines:
            self._has_lines = not self._has_lines
            self.refresh_bindings()
        if not len(desk.shown):
            self.pane.messages = why_empty(desk, self.asked.selection)
        names = {member.id: member.name for member in self.navarch.members}
        self.top.tell(statuses=desk.follower.statuses, names=names)
        self.pane.sync()
        if desk.spool.end:
            self._told.set()
        due, pause = self._marks_again
        if self._lost_marks and desk.spool.end and (now := time.monotonic()) >= due:
            self._marks_again = (now + pause, 2 * pause)
            self._seek_marks(desk)
        self.tell_subject()
        if desk.spool.trouble:
            self.say(desk.spool.trouble, Tone.ERROR, stay=True)

    # --- what is told

    def tell_subject(self) -> None:
        facts = [Piece("logs", Tone.STRONG), Piece(whose(self.asked.selection))]
        desk = self.desk
        if self.asked.selection.previous:
            facts.append(Piece("previous runs", Tone.WARNING))
        if desk is not None:
            facts += counts(desk, self.pane)
        self.subject.tell(facts, self.filters())

    # --- moments and marks

    def action_jump(self) -> None:
        self.prompt.ask("moment", "time ")

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "moment" and text.strip():
            self._go_to_moment(text.strip())
        else:
            super().prompt_entered(kind, text)

    def _go_to_moment(self, text: str) -> None:
        try:
            moment = moment_in(text, now=self.navarch.now())
        except ValueError as error:
            self.say(str(error), Tone.WARNING)
            return
        self._jump_to(moment)

    @work(exclusive=True, group="moment", exit_on_error=False)
    async def _jump_to(self, moment: float) -> None:
        if self.desk is not None:
            self.pane.go_to(await asyncio.to_thread(self.desk.spool.line_at, int(moment * 1e9)))

    def action_bookmark(self) -> None:
        number, entry = self.pane.cursor, self.pane.current
        if self._marks.pop(number, None) is None and entry is not None:
            self._marks[number] = mark_of(entry, self.source_of(entry))
        self.pane.marked = set(self._marks)
        self.pane.sync()
        self.refresh_bindings()

    def action_next_bookmark(self) -> None:
        marks = sorted(self.pane.marked)
        later = [number for number in marks if number > self.pane.cursor]
        if marks:
            self.pane.go_to(later[0] if later else marks[0])

    # --- looks

    def action_follow_lines(self) -> None:
        self.pane.follow(not self.pane.following)

    def action_wrap(self) -> None:
        self.pane.wrap_lines(not self.pane.wrapping)

    def action_times(self) -> None:
        clocks = list(Clock)
        look = self.pane.look
        look.clock = clocks[(clocks.index(look.clock) + 1) % len(clocks)]
        self.pane.sync()
        self.say(f"Times: {look.clock.value}", stay=False)

    def action_as_written(self) -> None:
        look = self.pane.look
        look.laid_out = not look.laid_out
        self.pane.sync()
        told = "Lines as message and fields, where a container mostly writes data"
        self.say(told if look.laid_out else "Lines as they were written", stay=False)

    def action_labels(self) -> None:
        self.pane.look.labels = not self.pane.look.labels
        self.pane.sync()

    def action_columns(self) -> None:
        from console.screens.log_columns import LogColumnsScreen

        self.app.push_screen(LogColumnsScreen(self.pane))

    @on(LogPane.Moved)
    def _moved(self) -> None:
        self.tell_subject()
        self.refresh_bindings()

    # --- other screens

    @on(LogPane.Opened)
    def action_open_line(self) -> None:
        from console.screens.log_line import LogLineScreen

        entry = self.pane.current
        if entry is not None and self.desk is not None:
            self.app.push_screen(LogLineScreen(entry, self.source_of(entry)))

    def source_of(self, entry: Entry) -> Source:
        assert self.desk is not None
        return self.desk.follower.sources[entry.source]

    def action_sources(self) -> None:
        from console.screens.log_sources import LogSourcesScreen

        if self.desk is not None:
            self.app.push_screen(LogSourcesScreen(self.desk, self._sources, self.show_sources))

    def action_previous_run(self) -> None:
        selection = replace(self.asked.selection, previous=not self.asked.selection.previous)
        self.navarch.turn(replace(self.asked, selection=selection, around=None))

    def action_copy(self) -> None:
        from console.screens.copy import CopyScreen
        from console.screens.log_copying import copyables

        entry = self.pane.current
        if entry is not None:
            self.app.push_screen(CopyScreen(copyables(entry, self.source_of(entry))))

    def action_save(self) -> None:
        from console.screens.log_saving import start_saving

        if self.desk is not None:
            start_saving(self, self.desk)

    @property
    def current(self) -> ObjectRef | None:
        """The pod of the line under the cursor."""
        entry = self.pane.current
        if entry is None:
            return None
        source = self.source_of(entry)
        return ObjectRef(
            cluster_id=source.cluster_id,
            cluster=str(source.cluster),
            resource=pods.KIND.resource,
            namespace=source.namespace,
            name=source.pod,
            uid=source.uid,
        )

    def action_events(self) -> None:
        entry = self.pane.current
        if entry is not None:
            self.navarch.show(EventsView(ref=self.current, around=entry.time / 1e9))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted:
            return False
        match action:
            case "open_line" | "copy" | "events" | "bookmark":
                return self.pane.current is not None
            case "match" | "context":
                return self._match is not None
            case "next_bookmark":
                return bool(self.pane.marked)
            case "save" | "sources":
                return self.desk is not None
        return super().check_action(action, parameters)
