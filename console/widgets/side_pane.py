"""The pane beside a table: the row under the cursor explained, read once the cursor rests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual import work
from textual.timer import Timer

from backend.kube.errors import KubeError, NotFound
from backend.text import SafeStr, safe_text
from console.views import ObjectRef
from console.widgets.text_pane import TextPane

NARROWEST = 160
"""Columns of a terminal from which there is room for it."""
_REST = 0.35
"""Seconds that the cursor must stand still before anything is asked of a cluster."""
_AGAIN = 2.0
"""Seconds between two looks at an object that keeps changing."""
_DEADLINE = 8.0

Reader = Callable[[ObjectRef], Awaitable[SafeStr]]


class SidePane(TextPane):
    """While the cursor moves it shows what the row tells; nothing is fetched for rows that are passed by."""

    def __init__(self, reader: Reader) -> None:
        super().__init__(id="side")
        self._reader = reader
        self._ref: ObjectRef | None = None
        self._version = ""
        self._waiting: Timer | None = None

    def follow(self, ref: ObjectRef | None, *, version: str = "", known: SafeStr | None = None) -> None:
        """The cursor is on this object in this version; ``known``: what its row tells, shown meanwhile."""
        if not self.display:
            return
        same = ref is not None and self._ref is not None and ref.key == self._ref.key
        if same and version == self._version:
            return
        self._ref, self._version = ref, version
        if self._waiting is not None:
            self._waiting.stop()
        if not same:
            self.workers.cancel_node(self)
            self.home()
            self.tell(known if ref is not None and known is not None else safe_text(""))
        if ref is not None:
            self._waiting = self.set_timer(_AGAIN if same else _REST, lambda: self._read(ref))

    def forget(self) -> None:
        """Show anew whatever comes next."""
        self._ref, self._version = None, ""

    @work(exclusive=True, group="side", exit_on_error=False)
    async def _read(self, ref: ObjectRef) -> None:
        try:
            async with asyncio.timeout(_DEADLINE):
                text = await self._reader(ref)
        except NotFound:
            text = safe_text("There is no such object any more.")
        except KubeError as error:
            text = safe_text(f"{error.sentence}\n\n{error.advice}", multiline=True)
        except TimeoutError:
            text = safe_text(f"{ref.cluster} did not answer within {_DEADLINE:.0f} seconds.")
        if self._ref is not None and ref.key == self._ref.key:
            self.tell(text)
