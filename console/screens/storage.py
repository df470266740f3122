"""Pools, volumes and replicas of the storage engine on this machine, live."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual import work

from backend.fleet.filter import Matcher, PatternError, compile_pattern
from backend.resources.kind import Health
from backend.storage import words
from backend.storage.acts import Plan, carry_out
from backend.storage.failures import NoEngine, StorageFailure
from backend.storage.model import Inventory, Job
from backend.storage.system import StorageSystem
from backend.storage.systems import here
from backend.text import counted
from console.actions import Scope
from console.keymap import bindings
from console.screens.error import full_sentence
from console.screens.table_frame import TableScreen
from console.storage_rows import StorageRow, by_job, by_pool, by_volume, storage_source
from console.storage_wishes import WISHES, Subject, Wish
from console.theme import Tone
from console.widgets.paint import Line, Piece
from console.widgets.table_source import ListSource

_LOOK = 2.0
"""Seconds between looks while nothing happens; what happens is shown at once."""
_TONES = {"healthy": Tone.OK, "empty": Tone.DIM, "degraded": Tone.WARNING, "failing": Tone.FAILING}


VOLUMES, POOLS, JOBS = "by volume", "by pool", "jobs"
_ROWS: dict[str, Callable[[Inventory], list[StorageRow]]] = {VOLUMES: by_volume, POOLS: by_pool, JOBS: by_job}


class StorageScreen(TableScreen):
    about = (
        "The block engine of this machine: volumes with their replicas and snapshots, or (v) pools with "
        "theirs, or jobs; health, what is under way and how long it will take, what goes through. Enter "
        "explains a row: what is wrong, why, and what to do. What changes something shows first what it "
        "would do. The same on the command line: navarch engine volume, snapshot, replica, pool and job."
    )
    BINDINGS = bindings(Scope.STORAGE)

    def __init__(self) -> None:
        super().__init__()
        self.system: StorageSystem = here()
        self._found: Inventory | None = None
        self._view = VOLUMES
        self._problems = False
        self._match = ""
        self._matcher: Matcher | None = None

    def crumbs(self) -> tuple[object, ...]:
        return ("storage",)

    def source(self) -> ListSource:
        return storage_source()

    # --- following the engine

    def on_mount(self) -> None:
        super().on_mount()
        self.table.messages = [(Piece("Asking the block engine…", Tone.STRONG),)]
        self.tell_subject()
        self.follow()

    @work(exclusive=True, group="follow", exit_on_error=False)
    async def follow(self) -> None:
        """Look, then wait for news from the engine, for ever."""
        number = 0
        while True:
            try:
                self._found = await self.system.inventory()
                self._show()
                events = await self.system.events(number, wait=_LOOK)
                number = events[-1].number if events else number
            except NoEngine as error:
                self._found = None
                self._nothing_runs(error)
                await asyncio.sleep(_LOOK)
            except StorageFailure as error:
                self._found = None
                self._empty([(Piece(error.sentence, Tone.FAILING),), (Piece(error.advice, Tone.DIM),)])
                await asyncio.sleep(_LOOK)

    def _nothing_runs(self, error: NoEngine) -> None:
        if error.left:
            self._empty(
                [
                    (Piece(error.sentence, Tone.WARNING),),
                    (Piece("Press u to start it: it looks after them again.", Tone.DIM),),
                ]
            )
            return
        self._empty(
            [
                (Piece("No block engine runs on this machine.", Tone.STRONG),),
                (
                    Piece(
                        "It keeps volumes on several directories or disks at once, as plain processes.",
                        Tone.DIM,
                    ),
                ),
                (),
                (Piece("Press u to start it, or in a shell: navarch engine local up", Tone.DIM),),
            ]
        )

    def _empty(self, lines: list[Line]) -> None:
        self._replace([])
        self.table.messages = lines
        self.table.rows_changed()
        self.tell_subject()
        self.refresh_bindings()

    # --- showing

    def _show(self) -> None:
        found = self._found
        if found is None:
            return
        rows = _ROWS[self._view](found)
        passing = {row.key for row in rows if self._passes(row)}
        # What holds a row that passes is shown with it, and what is held by one that passes.
        roots = {row.root for row in rows if row.key in passing}
        self._replace([row for row in rows if row.key in passing | roots or row.root in passing])
        self.table.messages = self._why_empty(found, rows)
        self.table.rows_changed()
        self.tell_subject()
        self.refresh_bindings()

    def _replace(self, rows: list[StorageRow]) -> None:
        source = self.table.source
        assert isinstance(source, ListSource)
        source.replace(rows)

    def _passes(self, row: StorageRow) -> bool:
        if self._problems and row.health in (Health.OK, Health.DONE):
            return False
        return self._matcher is None or self._matcher.matches(row.text.encode())

    def _why_empty(self, found: Inventory, rows: list[StorageRow]) -> list[Line]:
        if rows:
            return [
                (Piece(f"{len(rows):,} rows, none of them matches.", Tone.STRONG),),
                (Piece("Press esc to see all.", Tone.DIM),),
            ]
        if self._view == JOBS:
            return [
                (Piece("No work is under way, and none was lately.", Tone.STRONG),),
                (Piece("Rebuilds, scrubs, restores and clones are shown here.", Tone.DIM),),
            ]
        if not found.pools:
            return [
                (Piece("The engine has no pools yet.", Tone.STRONG),),
                (
                    Piece(
                        "A pool is a directory, best on a disk of its own. Press n, or in a shell: "
                        "navarch engine pool add DIRECTORY",
                        Tone.DIM,
                    ),
                ),
            ]
        return [
            (Piece("There are no volumes yet.", Tone.STRONG),),
            (Piece("Press n, or in a shell: navarch engine volume create NAME --size 1G", Tone.DIM),),
        ]

    def tell_subject(self) -> None:
        facts = [Piece("storage", Tone.STRONG)]
        found = self._found
        if found is not None:
            health = found.engine.health
            facts.append(Piece(words.signed(health), _TONES.get(health, Tone.TEXT)))
            volumes, pools = counted(len(found.volumes), "volume"), counted(len(found.pools), "pool")
            facts.append(Piece(f"{volumes} on {pools}"))
            grave = sum(one.severity != "info" for one in found.findings)
            if grave:
                facts.append(Piece(f"{grave} to look at", Tone.WARNING))
        filters = [] if self._view == VOLUMES else [self._view]
        filters += ["problems"] if self._problems else []
        filters += [f"/{self._match}"] if self._match else []
        self.subject.tell(facts, filters)

    def open_row(self, row: Any) -> None:
        from console.screens.storage_explain import StorageExplainScreen

        assert isinstance(row, StorageRow)
        if self._found is not None:
            self.app.push_screen(StorageExplainScreen(self.system, row, self._found))

    # --- keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "start_engine":
            return self._found is None
        if action == "wish":
            return self._wish(str(parameters[0])) is not None
        if action in ("turn", "problems"):
            return self._found is not None
        return super().check_action(action, parameters)

    def action_turn(self) -> None:
        views = list(_ROWS)
        self._view = views[(views.index(self._view) + 1) % len(views)]
        self._show()

    def action_problems(self) -> None:
        self._problems = not self._problems
        self._show()

    # --- acts

    def _wish(self, id: str) -> Wish | None:
        """What an act would be at the cursor; None where it fits not."""
        if self._found is None:
            return None
        row = self.table.row if self.is_mounted else None
        subject = Subject(
            system=self.system,
            found=self._found,
            row=row if isinstance(row, StorageRow) else None,
            pools_first=self._view == POOLS,
            now=self.navarch.now(),
        )
        return WISHES[id](subject)

    def action_wish(self, id: str) -> None:
        from console.screens.storage_act import StorageActScreen

        wish = self._wish(id)
        if self.navarch.read_only:
            self.say("This console is read-only", Tone.WARNING)
        elif wish is not None:
            self.app.push_screen(StorageActScreen(wish), self._agreed)

    async def action_start_engine(self) -> None:
        from backend.storage.acts import engines

        if self.navarch.read_only:
            self.say("This console is read-only", Tone.WARNING)
            return
        self.say("Starting the block engine…", stay=True)
        self._agreed(await engines.start())

    def _agreed(self, plan: Plan | None) -> None:
        """Carry it out beside everything else; it goes on when this screen is left."""
        if plan is not None:
            self.app.run_worker(self._carry_out(plan), group="storage", exit_on_error=False)

    async def _carry_out(self, plan: Plan) -> None:
        app = self.navarch

        def told(job: Job) -> None:
            if self.is_attached:
                self.say(words.job(job), Tone.PROGRESSING, stay=True)

        try:
            sentence = await carry_out(
                plan, journal=app.session.fleet_journal(), confirmed=plan.must_type, told=told
            )
        except StorageFailure as error:
            app.say(f"{error.sentence}. {error.advice}" if error.advice else error.sentence, Tone.FAILING)
        except Exception as error:
            app.say(full_sentence(error), Tone.FAILING)
        else:
            app.say(sentence, Tone.OK)
        if self.is_attached:
            self.follow()

    # --- filter

    def action_filter(self) -> None:
        self.prompt.ask("filter", "/", text=self._match)

    def prompt_changed(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._filter(text)

    def prompt_entered(self, kind: str, text: str) -> None:
        if kind == "filter":
            self._filter(text)

    def prompt_cancelled(self, kind: str) -> None:
        if kind == "filter":
            self._filter("")

    def _filter(self, text: str) -> None:
        """Keep the rows that match; a pattern that can't be read leaves the last good one in force."""
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
        if self._match or self._problems:
            self._problems = False
            self._filter("")
        else:
            super().action_back()

    def can_go_back(self) -> bool:
        return bool(self._match) or self._problems or super().can_go_back()
