"""A checker of histories: may these reads have seen these values?

One `Register` per block. It follows every state that the block could be in, given what was
asked and answered so far (linearizability: Herlihy and Wing 1990; the search is Wing and
Gong's, done as events arrive). Written values are unique.

Writes take effect in the search as late as possible: only when an answer demands it. That
loses nothing, because a write under way is free to wait.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple


class NotLinearizable(Exception):
    """An answer that no order of the writes allows."""


class _State(NamedTuple):
    """One possibility: `trail` is what the block held since the last durable point.

    The trail's last entry is the block's value; `done` are the pending writes that took
    effect; `marks` say, per flush under way, where on the trail it began; `reads` hold, per
    read under way, the values that passed since it began.
    """

    trail: tuple[Hashable, ...]
    done: frozenset[int] = frozenset()
    marks: tuple[tuple[int, int], ...] = ()
    reads: tuple[tuple[int, frozenset[Hashable]], ...] = ()


class Register:
    """The history of one block. The caller gives operations unique numbers."""

    def __init__(self, initial: Hashable) -> None:
        self._states = {_State((initial,))}
        self._writes: dict[int, Hashable] = {}
        self._reads: set[int] = set()

    @property
    def under_way(self) -> int:
        """How many operations are: each more multiplies the orders that have to be followed."""
        return len(self._writes) + len(self._reads)

    def write_begins(self, operation: int, value: Hashable) -> None:
        """A write was asked for; it may take effect from now on."""
        self._writes[operation] = value

    def write_ends(self, operation: int) -> None:
        """It was acknowledged, so it has taken effect.

        Raises: NotLinearizable.
        """
        if operation not in self._writes:
            raise NotLinearizable("a controller acknowledged a write after another one served")
        kept = [state for state in self._reachable() if operation in state.done]
        value = self._writes.pop(operation)
        if not kept:
            raise NotLinearizable(f"the write of {value!r} was acknowledged, yet it can't have taken effect")
        self._states = {state._replace(done=state.done - {operation}) for state in kept}

    def withdraw(self, operation: int) -> None:
        """A write never took effect, and never will.

        Raises: NotLinearizable if a read saw it.
        """
        if operation not in self._writes:
            return
        del self._writes[operation]
        kept = {state for state in self._states if operation not in state.done}
        if not kept:
            raise NotLinearizable("a read saw what was never written")
        self._states = kept

    def read_begins(self, operation: int) -> None:
        """A read was asked for."""
        self._reads.add(operation)
        self._states = {
            state._replace(reads=(*state.reads, (operation, frozenset(state.trail[-1:]))))
            for state in self._states
        }

    def read_ends(self, operation: int, value: Hashable) -> None:
        """It returned `value`.

        Raises: NotLinearizable.
        """
        if operation not in self._reads:
            raise NotLinearizable("a controller answered a read after another one served")
        self._reads.discard(operation)
        reachable = self._reachable()
        kept = [state for state in reachable if value in dict(state.reads)[operation]]
        if not kept:
            possible = sorted({str(seen) for state in reachable for seen in dict(state.reads)[operation]})
            raise NotLinearizable(f"a read returned {value!r}; possible were {', '.join(possible)}")
        self._states = {
            state._replace(reads=tuple(read for read in state.reads if read[0] != operation))
            for state in kept
        }

    def window_closes(self, operation: int) -> frozenset[Hashable] | None:
        """What a read that begun might have returned until now, and what it returned will never be told.

        None if a new controller served meanwhile.
        """
        if operation not in self._reads:
            return None
        self._reads.discard(operation)
        passed = frozenset().union(*(dict(state.reads)[operation] for state in self._reachable()))
        self._states = {
            state._replace(reads=tuple(read for read in state.reads if read[0] != operation))
            for state in self._states
        }
        return passed

    def flush_begins(self, operation: int) -> None:
        """Everything acknowledged until now will be durable once it ends."""
        self._states = {
            state._replace(marks=(*state.marks, (operation, len(state.trail) - 1))) for state in self._states
        }

    def flush_ends(self, operation: int, *, durable: bool) -> None:
        """It was answered; if not `durable`, it failed and promises nothing."""
        self._states = {_unmarked(state, operation, durable=durable) for state in self._states}

    def lost_power(self) -> None:
        """Every copy lost its cache: the block holds anything it held since the durable point."""
        self._states = {_State((value,), state.done) for state in self._reachable() for value in state.trail}

    def fenced(self) -> None:
        """A new controller serves: what others had under way has taken effect, or never will."""
        self._states = {_State(state.trail) for state in self._reachable()}
        self._writes.clear()
        self._reads.clear()

    def _reachable(self) -> set[_State]:
        """All states, with any pending writes having taken effect in any order."""
        seen, todo = set(self._states), list(self._states)
        while todo:
            state = todo.pop()
            for operation, value in self._writes.items():
                if operation in state.done:
                    continue
                after = _State(
                    trail=(*state.trail, value),
                    done=state.done | {operation},
                    marks=state.marks,
                    reads=tuple((read, passed | {value}) for read, passed in state.reads),
                )
                if after not in seen:
                    seen.add(after)
                    todo.append(after)
        return seen


def _unmarked(state: _State, operation: int, *, durable: bool) -> _State:
    """The state without a flush's mark; if durable, what came before it is forgotten."""
    begun = dict(state.marks).get(operation)
    if begun is None:
        return state
    marks = tuple(mark for mark in state.marks if mark[0] != operation)
    if not durable:
        return state._replace(marks=marks)
    shorter = tuple((name, max(0, place - begun)) for name, place in marks)
    return state._replace(trail=state.trail[begun:], marks=shorter)
