"""What happened to rows a moment ago: changed cells glow for a second, vanished rows fade."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from backend.text import SafeStr
from console.widgets.table_layout import Layout
from console.widgets.table_lines import RowWords

if TYPE_CHECKING:
    from console.widgets.table import ResourceTable

SECONDS = 1.0


class Changes:
    """Compares what each visible object showed last time with what it shows now."""

    def __init__(
        self, table: ResourceTable, *, enabled: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._table = table
        self.enabled = enabled
        self._clock = clock
        self._seen: dict[Hashable, dict[str, SafeStr]] = {}
        self._until: dict[Hashable, dict[str, float]] = {}
        self._fading: set[Hashable] = set()

    def forget(self) -> None:
        self._seen.clear()
        self._until.clear()
        self._fading.clear()

    def look(self, keys: Sequence[Hashable], words: Sequence[RowWords], layout: Layout) -> None:
        """Take note of what the visible rows show; what differs from last time starts to glow."""
        if not self.enabled:
            return
        moment = self._clock()
        self._until = {k: ends for k, ends in self._until.items() if max(ends.values()) > moment}
        titles = [placed.column.name for placed in layout.placed if not placed.column.timed]
        seen: dict[Hashable, dict[str, SafeStr]] = {}
        started = False
        for key, said in zip(keys, words, strict=True):
            texts = seen[key] = {title: said.texts[title] for title in titles}
            before = self._seen.get(key, texts)
            if before == texts:
                continue
            changed = [name for name, text in texts.items() if before.get(name, text) != text]
            if changed:
                self._until.setdefault(key, {}).update(dict.fromkeys(changed, moment + SECONDS))
                started = True
        self._seen = seen
        if started:
            self._table.set_timer(SECONDS + 0.05, self._table.sync)

    def glowing(self, key: Hashable) -> frozenset[str]:
        """Titles of this object's columns that changed less than a second ago."""
        until = self._until.get(key)
        if not until:
            return frozenset()
        moment = self._clock()
        return frozenset(name for name, end in until.items() if end > moment)

    def visible(self, keys: Sequence[Hashable]) -> list[Hashable]:
        """Which of these objects are on the screen: only they are worth fading."""
        return [key for key in keys if key in self._seen] if self.enabled else []

    def fade(self, keys: Sequence[Hashable]) -> None:
        """Draw these rows as gone until :meth:`unfade`."""
        self._fading.update(keys)

    def unfade(self, keys: Sequence[Hashable]) -> None:
        self._fading.difference_update(keys)

    def fading(self, key: Hashable) -> bool:
        return key in self._fading
