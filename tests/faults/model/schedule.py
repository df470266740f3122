"""A deterministic world of coroutines: every step is drawn by one seeded generator.

No threads, no clock: `now` is the number of steps taken. What is ready (a coroutine, a
message, an event) waits in one bag, and any of it may be next.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Coroutine, Generator
from typing import Any


class Promise:
    """A value that comes later; awaiting it parks the coroutine."""

    __slots__ = ("done", "value", "waiting")

    def __init__(self) -> None:
        self.done, self.value, self.waiting = False, None, None

    def __await__(self) -> Generator[Promise, None, Any]:
        if not self.done:
            yield self
        return self.value


class Owner:
    """Whoever coroutines belong to: dead ones never run again, frozen ones not now."""

    def __init__(self) -> None:
        self.dead = self.frozen = False


class Schedule:
    """Draws what happens next until nothing can."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0
        self._bag: list[tuple[Owner | None, Callable[[], None]]] = []
        self._timers: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        # A coroutine that the collector closes would run its clean-up at a time of its own.
        self._kept: list[Coroutine[Any, Any, Any]] = []

    def spawn(self, owner: Owner, work: Callable[[], Coroutine[Any, Any, Any]]) -> Promise:
        """Start a coroutine, made in its first step; the promise holds its result."""
        ended = Promise()
        made: list[Coroutine[Any, Any, Any]] = []

        def step() -> None:
            if not made:
                made.append(work())
                self._kept.append(made[0])
            try:
                waits = made[0].send(None)
            except StopIteration as stop:
                self.resolve(ended, stop.value)
                return
            waits.waiting = (owner, step)

        self.later(owner, step)
        return ended

    def resolve(self, promise: Promise, value: Any = None) -> None:
        """Give a promise its value; the first one counts."""
        if promise.done:
            return
        promise.done, promise.value = True, value
        if promise.waiting is not None:
            self.later(*promise.waiting)

    def later(self, owner: Owner | None, action: Callable[[], None]) -> None:
        """Put an action into the bag."""
        self._bag.append((owner, action))

    def pause(self, steps: int) -> Promise:
        """A promise that resolves when so many steps have passed."""
        promise = Promise()
        self.at(self.now + steps, lambda: self.resolve(promise))
        return promise

    def at(self, when: int, action: Callable[[], None]) -> None:
        """Do something at a step."""
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, action))

    def run(self, until: Callable[[], bool], *, limit: int) -> bool:
        """Take steps until the condition holds; False if it never did."""
        while not until():
            if self.now >= limit:
                return False
            self.now += 1
            while self._timers and self._timers[0][0] <= self.now:
                heapq.heappop(self._timers)[2]()
            if not self._draw():
                if not self._timers:
                    return False
                self.now = max(self.now, self._timers[0][0] - 1)
        return True

    def _draw(self) -> bool:
        bag = self._bag
        for _ in range(len(bag)):
            place = int(self.random.random() * len(bag))
            owner, action = bag[place]
            if owner is not None and owner.frozen and not owner.dead:
                if all(other is not None and other.frozen for other, _ in bag):
                    return False
                continue
            bag[place] = bag[-1]
            bag.pop()
            if owner is None or not owner.dead:
                action()
            return True
        return False


class Lock:
    """Mutual exclusion; who is next is drawn."""

    def __init__(self, schedule: Schedule) -> None:
        self._schedule, self._held = schedule, False
        self._waiting: list[Promise] = []

    async def __aenter__(self) -> None:
        while self._held:
            turn = Promise()
            self._waiting.append(turn)
            await turn
        self._held = True

    async def __aexit__(self, *error: object) -> None:
        self._held = False
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            self._schedule.resolve(turn)
