"""What Textual would keep of views that were left: with them names of objects and whole fleets.

It notes the worker in a context variable, and whatever is begun inside it (tasks, timers) keeps a copy of
that context: through one timer a worker that ended would stay, and by the traceback of its cancellation a
fleet with its credentials, though the vault was locked. And of the last 1024 widgets it keeps what they had
painted.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from textual._styles_cache import StylesCache
from textual.worker import Worker, WorkerState
from textual.worker_manager import WorkerManager

from backend.text import cells


class ForgettingWorkers(WorkerManager):
    def _remove_worker(self, worker: Worker[Any]) -> None:
        """It has ended: only its name and state are of use to anybody now."""
        super()._remove_worker(worker)
        worker._node = self._app
        if iscoroutine(worker._work):
            worker._work.close()  # cancelled before it was begun, perhaps
        worker._work, worker._task = bool, None  # the task's context leads to the screen, too
        if worker.state is WorkerState.CANCELLED and worker.error is not None:
            worker.error.__traceback__ = worker.error.__context__ = None


def forget_pictures() -> None:
    """Let go of the lines that widgets which are gone had painted.

    Textual looks two colours up by the widget's store of painted lines, and so its memory of the colours
    holds the lines, too: names of objects, and tens of megabytes in a day. Those of living widgets come back
    with their next picture.
    """
    StylesCache.get_inner_outer.cache_clear()


def forget_names() -> None:
    """The vault was locked: what is remembered for speed holds names of objects, patterns and times."""
    from backend.fleet.filter import compile_pattern
    from backend.resources.duration import epoch

    for remembered in (cells, compile_pattern, epoch):
        remembered.cache_clear()
    forget_pictures()
