"""What programs of one's own write, as it comes; they end when this screen is left."""

from __future__ import annotations

import asyncio
import shlex
import signal
import time
from collections.abc import Sequence

from textual import work
from textual.widget import Widget
from textual.worker import Worker

from backend.text import SafeStr, safe_text
from console.actions import Scope
from console.keymap import bindings
from console.screens.dialog import DialogScreen
from console.theme import Tone
from console.user_commands.jobs import Job, Outcomes
from console.user_commands.running import Output, capture, environment
from console.user_commands.trust import Seen
from console.widgets.paint import Piece
from console.widgets.text_block import TextBlock
from console.widgets.text_pane import TextPane

_REPAINT = 0.2
"""Seconds between two looks at the output."""


class OutputScreen(DialogScreen[Outcomes]):
    """Runs the jobs one after the other. Answers how each ended; those never begun are not among them."""

    BINDINGS = bindings(Scope.OUTPUT)
    broad = True
    AUTO_FOCUS = "OutputPane"

    def __init__(self, seen: Seen, jobs: Sequence[Job]) -> None:
        super().__init__()
        self.title_text = seen.title
        self._seen, self._jobs = seen, jobs
        self._output = Output()
        self._painted = 0.0
        self._runner: Worker[None] | None = None
        self.outcomes: Outcomes = {}
        """Exit code of each finished job, by its place in the list."""

    @property
    def way_out(self) -> str:
        return "stop" if self.busy else "close"

    def inside(self) -> list[Widget]:
        return [TextBlock([()], id="state"), OutputPane()]

    def on_mount(self) -> None:
        self._runner = self.run_all()

    @property
    def pane(self) -> OutputPane:
        return self.query_one(OutputPane)

    @property
    def busy(self) -> bool:
        return self._runner is not None and self._runner.is_running

    @work(exclusive=True, group="run", exit_on_error=False)
    async def run_all(self) -> None:
        began = time.monotonic()
        try:
            for place, job in enumerate(self._jobs):
                await self._run(place, job)
        except asyncio.CancelledError:
            self._output.say("— stopped")
        finally:
            if self.is_attached:
                self._paint()
                self._tell(ended=time.monotonic() - began)

    async def _run(self, place: int, job: Job) -> None:
        self._tell(place=place)
        if len(self._jobs) > 1:
            self._output.say(f"── {job.place}")
        try:
            env = environment(job.kubeconfig, colour=False)
            code = await capture(self._seen.path, job.argv, env=env, take=self._take)
        except OSError as error:
            self._output.say(f"— {self._seen.path} can't be run: {error.strerror}")
            code = 127
        self._output.end()
        self.outcomes[place] = code
        if code:
            self._output.say(f"— {ended_with(code)}")

    def _take(self, data: bytes) -> None:
        self._output.take(data)
        if time.monotonic() - self._painted > _REPAINT:
            self._paint()

    def _paint(self) -> None:
        self._painted = time.monotonic()
        self.pane.follow(self._output.text)

    def _tell(self, *, place: int = 0, ended: float | None = None) -> None:
        """What runs, or how it ended."""
        if ended is None:
            job = self._jobs[place]
            count = f"{place + 1} of {len(self._jobs)}  " if len(self._jobs) > 1 else ""
            line = Piece(f"{count}{shlex.join(job.argv)}", Tone.PROGRESSING)
        else:
            line = self._verdict(ended)
        self.query_one("#state", TextBlock).tell([(line,), ()])
        self.refresh_bindings()

    def _verdict(self, seconds: float) -> Piece:
        failed = [code for code in self.outcomes.values() if code]
        took = f" after {seconds:.1f} s"
        if len(self.outcomes) < len(self._jobs):
            return Piece(f"Stopped{took}; {len(self.outcomes)} of {len(self._jobs)} had ended", Tone.WARNING)
        if not failed:
            return Piece(f"Ended well{took}", Tone.OK)
        return Piece(
            f"{len(failed)} of {len(self._jobs)} failed: {ended_with(failed[0])}{took}", Tone.FAILING
        )

    # --- keys

    def action_stop(self) -> None:
        if self._runner is not None:
            self._runner.cancel()

    def action_cancel(self) -> None:
        """Once: stop what runs. Again, or when it has ended: leave."""
        if self.busy:
            self.action_stop()
        else:
            self.dismiss(self.outcomes)

    def action_wrap(self) -> None:
        self.pane.wrap_lines(not self.pane.wrapping)

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self.pane.text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "stop":
            return self.busy
        return super().check_action(action, parameters)


class OutputPane(TextPane):
    """Stays at the end while it grows, unless somebody scrolled up."""

    DEFAULT_CSS = "OutputPane { height: 60vh; }"

    def __init__(self) -> None:
        super().__init__(colour=lambda text: (Piece(text),))

    def follow(self, text: SafeStr) -> None:
        at_end = self.at_end
        self.tell(text)
        if at_end:
            self.action_bottom()


def ended_with(code: int) -> SafeStr:
    """An exit code in words."""
    if code >= 0:
        return safe_text(f"exit code {code}")
    try:
        return safe_text(f"ended by {signal.Signals(-code).name}")
    except ValueError:
        return safe_text(f"ended by signal {-code}")
