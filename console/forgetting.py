"""Workers that let go of what they worked on.

Textual notes the worker in a context variable, and whatever is begun inside it (tasks, timers) keeps a copy
of that context: through one timer a worker that ended would stay, and by the traceback of its cancellation a
whole fleet with its credentials, though the vault was locked.
"""

from __future__ import annotations

from inspect import iscoroutine
from typing import Any

from textual.worker import Worker, WorkerState
from textual.worker_manager import WorkerManager


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
