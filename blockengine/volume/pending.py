"""An answer that will come, cheaper than a future: who waits is called at once, not by the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
Then = Callable[["Pending[Any]"], None]

_UNKNOWN: Any = object()


class Pending(Generic[Value]):
    """Made by a device for one request. It may be awaited, or `then` names who is to be called.

    Requests derive from it, so that one object is made for each.
    """

    _value: Value = _UNKNOWN
    _error: Exception | None = None
    _then: Then | None = None

    def done(self) -> bool:
        """Whether the answer is there."""
        return self._value is not _UNKNOWN or self._error is not None

    def exception(self) -> Exception | None:
        """What went wrong, if anything did."""
        return self._error

    def result(self) -> Value:
        """The answer, which must be there. Raises: what went wrong."""
        if self._error is not None:
            raise self._error
        return self._value

    def set_result(self, value: Value) -> None:
        """Answer; whoever waits is called before this returns."""
        self._value = value
        if self._then is not None:
            self._then(self)

    def set_exception(self, error: Exception) -> None:
        """Answer with an error."""
        self._error = error
        if self._then is not None:
            self._then(self)

    def then(self, called: Then) -> None:
        """Call once the answer is there; in the order of asking, if several do."""
        before = self._then
        if self._value is not _UNKNOWN or self._error is not None:
            called(self)
        elif before is None:
            self._then = called
        else:

            def both(answer: Pending[Any]) -> None:
                before(answer)
                called(answer)

            self._then = both

    def __await__(self) -> Generator[Any, None, Value]:
        if not self.done():
            arrived: asyncio.Future[None] = asyncio.get_running_loop().create_future()

            def wake(_: Pending[Any]) -> None:
                if not arrived.done():
                    arrived.set_result(None)

            self.then(wake)
            yield from arrived.__await__()
        return self.result()
