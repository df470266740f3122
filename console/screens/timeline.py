"""One object's timeline: events about it and what it depends on beside what was changed; the latest first."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textual import work
from textual.containers import Vertical
from textual.widget import Widget

from backend.fleet.filter import Matcher, PatternError, compile_pattern
from backend.kube.errors import KubeError
from backend.kube.status import State
from backend.observe.events.live import LiveEvents
from backend.observe.timeline.happening import Happening, What
from backend.observe.timeline.suspicion import UNREAD, words
from backend.observe.timeline.timeline import Past, Timeline
from backend.resources.duration import human_duration
from backend.resources.kind import Health
from backend.text import SafeStr, safe_text, shown_of
from console.actions import ACTIONS, Scope
from console.keymap import binding, bindings
from console.screens.event_range import RANGES, range_words
from console.screens.no_rows import none_match
from console.screens.object_keys import ObjectKeys
from console.screens.table_frame import TableScreen
from console.states import HEALTH
from console.theme import Tone
from console.views import EventsView, ObjectRef
from console.widgets.paint import Line, Piece
from console.widgets.table_source import GridColumn, ListSource
from console.widgets.text_block import TextBlock

_AGAIN = 30.0
"""Seconds until the objects are looked at again though no event came."""
_SETTLE = 2.0
"""Seconds after an event in which others are waited for before the objects are looked at again."""
_SOURCES = {
    What.EVENT: "event",
    What.ROLLOUT: "rollout",
    What.CHANGE: "change",
    What.CONDITION: "condition",
    What.RESTART: "container",
    What.LIFE: "life",
}


class TimelineScreen(ObjectKeys, TableScreen):
    about = (
        "What happened to this object, its owners, pods, nodes, volumes and configuration: events, and the "
        "changes that the objects themselves remember (rollouts, writes, conditions, container endings). "
        "Above stands what changed shortly before it got bad, with its evidence; nothing is called a cause. "
        "Enter shows a line whole, o goes to its object."
    )
    BINDINGS = [
        *bindings(Scope.EVENTS, Scope.OBJECT),
        *(binding(ACTIONS[id]) for id in ("filter", "problems")),
    ]

    def __init__(self, view: EventsView) -> None:
        super().__init__()
        assert view.ref is not None
        self._view = view
        self.ref = view.ref
        self._timeline: Timeline | None = None
        self._problems_only = view.problems
        self._match = view.query.match
        self._matcher: Matcher | None = compile_pattern(self._match) if self._match else None
        self._stood = False
        self._heard = self._looked = False
        """Whether events have come, and the objects were looked at."""

    # --- frame

    def crumbs(self) -> tuple[object, ...]:
        namespace = (self.ref.namespace,) if self.ref.namespace else ()
        return (self.ref.cluster, *namespace, self.ref.resource.plural, self.ref.name, "events")

    @property
    def listed(self) -> str:
        return "timeline"

    def compose_body(self) -> Widget:
        return Vertical(TextBlock(id="finding"), self.body(), classes="timeline")

    def source(self) -> ListSource:
        return ListSource(
            [
                GridColumn(
                    name="TIME", text=lambda one, _: _when(one.at), priority=0, min_width=14, pinned=True
                ),
                GridColumn(
                    name="AGO",
                    text=lambda one, now: human_duration(max(0.0, now - one.at)),
                    align="right",
                    timed=True,
                    priority=3,
                    min_width=5,
                ),
                GridColumn(name="WHAT", text=lambda one, _: _SOURCES[one.what], priority=2, min_width=9),
                GridColumn(name="OBJECT", text=_object, priority=0, min_width=18, middle=True),
                GridColumn(name="ROLE", text=lambda one, _: one.subject.role, wide=True, priority=4),
                GridColumn(
                    name="COUNT",
                    text=lambda one, _: f"{one.count:,}" if one.count > 1 else "",
                    align="right",
                    priority=3,
                    optional=True,
                ),
                GridColumn(
                    name="REASON", text=lambda one, _: one.title, priority=0, min_width=10, tone=_tone
                ),
                GridColumn(name="TEXT", text=lambda one, _: one.text, priority=1, min_width=14),
                GridColumn(name="KNOWN FROM", text=lambda one, _: one.evidence, wide=True, priority=5),
            ],
            key=_key,
            health=lambda one: one.health if one.health is not Health.OK else None,
            sort="TIME",
            sort_keys={
                "TIME": lambda one: one.at,
                "AGO": lambda one: -one.at,
                "COUNT": lambda one: one.count,
            },
            descending=True,
        )

    def on_mount(self) -> None:
        super().on_mount()
        self._show()
        self.follow()

    # --- content

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        await self.navarch.attempt(self._follow)

    async def _follow(self) -> None:
        fleet = await self.navarch.fleet()
        self.top.tell(names={self.ref.cluster_id: self.ref.cluster})
        history = await self.navarch.events.history(fleet)
        self._reach_around()
        ref = self.ref
        past = Past(fleet.cluster(ref.cluster_id), ref.resource, ref.name, namespace=ref.namespace)
        interval = 1 / self.navarch.traits.refreshes_per_second
        live = LiveEvents(fleet, history, past.selection(), interval=interval, wall=self.navarch.now)
        stirred = asyncio.Event()
        reading = asyncio.create_task(self._read_again(past, live, stirred))
        try:
            async with live:
                async for batch in live.batches():
                    self.top.tell(statuses=dict(batch.statuses))
                    self._heard = all(one.state is not State.SYNCING for one in batch.statuses.values())
                    if batch.changed or batch.removed:
                        stirred.set()
                        self._tell(past, live)
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    def _reach_around(self) -> None:
        """The moment that was asked about must be in the range."""
        around, since = self._view.around, self._view.since
        ago = self.navarch.now() - around if around is not None else 0.0
        if since and ago > since:
            wider = next((seconds for seconds in RANGES if seconds > ago), 0.0)
            self._view = replace(self._view, since=wider)

    async def _read_again(self, past: Past, live: LiveEvents, stirred: asyncio.Event) -> None:
        """The objects: at once, after events have come, and now and then."""
        told = False
        while True:
            stirred.clear()
            try:
                await past.read()
                told = False
            except KubeError as error:
                if not told:  # a cluster that is away is said once
                    self.navarch.tell_error(error)
                told = True
            self._looked = True
            self._tell(past, live)
            try:
                async with asyncio.timeout(_AGAIN):
                    await stirred.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(_SETTLE)

    def _tell(self, past: Past, live: LiveEvents) -> None:
        events = [event for key in live.rows for event in live.members(key)]
        self._timeline = past.timeline(events, now=self.navarch.now(), since=self._view.since)
        self._show()

    def _show(self) -> None:
        source = self.table.source
        assert isinstance(source, ListSource)
        found = self._timeline
        shown = [one for one in (found.happenings if found is not None else ()) if self._passes(one)]
        source.replace(shown)
        self.table.messages = self._why_empty()
        self.query_one("#finding", TextBlock).tell(self._finding())
        self.table.rows_changed()
        self._stand()
        self.tell_subject()

    def _passes(self, one: Happening) -> bool:
        if (
            self._problems_only
            and not one.health.problem
            and one.what in (What.EVENT, What.CONDITION, What.LIFE)
        ):
            return False
        return self._matcher is None or self._matcher.matches(_hay(one))

    def _stand(self) -> None:
        """On the moment that was asked about, until all is there: from then on the cursor is the person's."""
        around, found = self._view.around, self._timeline
        if around is None or self._stood or found is None or not found.happenings:
            return
        self._stood = self._heard and self._looked
        nearest = min(found.happenings, key=lambda one: abs(one.at - around))
        self.table.move_to_key(_key(nearest))

    def _finding(self) -> list[Line]:
        if self._timeline is None:
            return [(Piece("Looking…", Tone.STRONG),)]
        lines: list[Line] = []
        looking = self._timeline.unread and not self._looked
        if self._timeline.unread and self._timeline.finding.onset is None:
            return [(Piece("Looking…" if looking else f" {UNREAD}", Tone.WARNING),)]
        for health, sentence in words(self._timeline.finding, looked=not self._timeline.unread):
            tone = Tone.DIM if health is Health.OK else HEALTH[health][1]
            glyph = HEALTH[health][0]
            lines.append((Piece(f" {glyph} ", tone), Piece(safe_text(sentence, limit=1000))))
        if looking:
            lines.append((Piece(" Looking for what changed before…", Tone.DIM),))
        elif self._timeline.unread:
            lines.append((Piece(f" {UNREAD}", Tone.WARNING),))
        if self._timeline.gone:
            lines.append((Piece(" This object is gone; what is known of it stays.", Tone.WARNING),))
        return lines

    def _why_empty(self) -> Sequence[Line]:
        if self._timeline is None:
            return [(Piece("Looking…", Tone.STRONG),)]
        if self._timeline.happenings:
            return [
                none_match(len(self._timeline.happenings), "line"),
                (Piece("Press esc to clear the filter, z for all.", Tone.DIM),),
            ]
        return [
            (Piece("Nothing is known to have happened here.", Tone.STRONG),),
            (Piece(f"Shown is {range_words(self._view.since)}; press W for more.", Tone.DIM),),
        ]

    def tell_subject(self) -> None:
        facts = [Piece("events", Tone.STRONG), Piece(f"{self.ref.resource.kind} {self.ref.name}")]
        facts += [Piece(self.ref.cluster), Piece(range_words(self._view.since))]
        found = self._timeline
        if found is not None:
            shown, total = len(self.table.source), len(found.happenings)
            facts.append(Piece(shown_of(shown, total, "line")))
            if found.problems:
                facts.append(Piece(f"not all known: {found.problems[0]}", Tone.WARNING))
        filters = [f"/{self._match}"] if self._match else []
        filters += ["problems and changes only"] if self._problems_only else []
        self.subject.tell(facts, filters)

    # --- keys

    @property
    def current(self) -> ObjectRef | None:
        """The line's object; before there is a line, the one that was asked about."""
        row = self.table.row
        if not isinstance(row, Happening):
            return self.ref
        subject = row.subject
        if subject.resource is None:
            return None
        return ObjectRef(
            cluster_id=self.ref.cluster_id,
            cluster=self.ref.cluster,
            resource=subject.resource,
            namespace=subject.namespace,
            name=subject.name,
            sensitive=subject.resource.full_name == "secrets",
        )

    @property
    def around(self) -> float | None:
        row = self.table.row
        return row.at if isinstance(row, Happening) else None

    def open_row(self, row: Any) -> None:
        from console.screens.event_group import EventGroupScreen

        assert isinstance(row, Happening)
        self.app.push_screen(EventGroupScreen(_whole(row, now=self.navarch.now())))

    def action_owner(self) -> None:
        """A line belongs to its object."""
        if self.current is not None:
            self.open_object(self.current)

    def action_problems(self) -> None:
        self._problems_only = not self._problems_only
        self.leave_mark()
        self._show()

    def action_range(self) -> None:
        from console.screens.event_range import EventRangeScreen

        self.app.push_screen(EventRangeScreen(self._view.since), self._reach)

    def _reach(self, since: float | None) -> None:
        if since is not None and since != self._view.since:
            self._view = replace(self._view, since=since)
            self.leave_mark()
            self.follow()

    def leave_mark(self) -> None:
        query = replace(self._view.query, match=self._match)
        self._view = replace(self._view, query=query, problems=self._problems_only)
        self.navarch.history.update(self._view)

    # --- filter

    def action_filter(self) -> None:
        self.prompt.ask("filter", "/", text=self._match)

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._filter(text)

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._filter(text)
            self.leave_mark()

    def prompt_cancelled(self, kind: str) -> None:
        if kind == "filter":
            self._filter("")

    def _filter(self, text: str) -> None:
        """Keep the lines that match; a pattern that can't be read leaves the last good one in force."""
        try:
            self._matcher = compile_pattern(text) if text else None
        except PatternError as error:
            self.prompt.wrong(True)
            self.say(f"Not a pattern yet: {error}", Tone.WARNING, stay=True)
            return
        self._match = text
        self.prompt.wrong(False)
        self.clear_notice()
        self._show()

    def action_back(self) -> None:
        if self._match or self._problems_only:
            self._problems_only = False
            self._filter("")
            self.leave_mark()
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._match or self._problems_only) or super().can_go_back()


def _key(one: Happening) -> tuple[object, ...]:
    return (one.what.value, *one.subject.key, one.title, one.begun, one.at if one.count == 1 else 0, one.text)


def _object(one: Happening, now: float) -> str:
    return f"{one.subject.kind.lower()}/{one.subject.name}"


def _tone(one: Happening) -> Tone:
    if one.health is Health.OK:
        return Tone.ACCENT if one.what in (What.ROLLOUT, What.CHANGE) else Tone.TEXT
    return HEALTH[one.health][1]


def _hay(one: Happening) -> bytes:
    return " ".join((_object(one, 0.0), one.what.value, one.title, one.text, one.subject.role)).encode()


def _when(moment: float) -> str:
    return time.strftime("%m-%d %H:%M:%S", time.localtime(moment))


def _whole(one: Happening, *, now: float) -> SafeStr:
    from backend.observe.events.text import when
    from backend.resources.describe.sheet import Sheet

    sheet = Sheet()
    sheet.field("Object", f"{one.subject.kind.lower()}/{one.subject.name}")
    sheet.field("Role", one.subject.role)
    sheet.field("Namespace", one.subject.namespace)
    sheet.field("What", f"{one.what.value}: {one.title}")
    sheet.field("Time", when(one.at, now))
    if one.begun:
        sheet.field("Began", when(one.begun, now))
    if one.count > 1:
        sheet.field("Count", f"{one.count:,}")
    sheet.field("Known from", one.evidence)
    if one.text:
        sheet.section("Text")
        sheet.text(one.text)
    return sheet.render()
