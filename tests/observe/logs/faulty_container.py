"""A container behind a faulty server: it writes, is restarted and ends while its log is cut at any byte.

Kubelets' manners: ``sinceTime`` is of whole seconds; without ``previous`` comes the latest run's log, also
after its end; only one former run is kept; a followed stream ends with its container.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.kube.errors import ApiError, Invalid, Unreachable
from backend.kube.logs import nanoseconds_of
from backend.observe.logs.pods import Began, Container, ContainerRun, Ended, RunState
from backend.observe.logs.sources import Source
from backend.text import safe_text

START = 1_795_233_601
Happening = tuple[str, int]
"""What happens while a stream is open: ("write", so many lines), ("restart", 0), ("cut", bytes that still
come), ("die", the same: and before anybody asks again it writes, is restarted and writes), ("hang-up", 0)."""


def stamp(milliseconds: int) -> bytes:
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(START + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{rest:03}000000Z".encode()


@dataclass
class FaultyContainer:
    """Use as ``Client``: only :meth:`logs` is asked for."""

    script: list[Happening]
    pace: int = 90
    """Milliseconds between two lines."""
    size: int = 7
    """Bytes of a chunk."""
    runs: list[list[bytes]] = field(default_factory=lambda: [[]])
    over: bool = False
    clock: int = 0
    requests: int = 0
    told: Callable[[], None] = lambda: None
    """Called when the pod's status is another one."""
    source: Source | None = None

    def write(self, count: int) -> bytes:
        lines = []
        for _ in range(count):
            self.clock += self.pace
            number = sum(map(len, self.runs))
            text = b"same" if number % 3 else b"line %d" % number  # lines may be alike, even their times
            lines.append(stamp(self.clock - self.clock % 180) + b" " + text)
            self.runs[-1].append(lines[-1])
        return b"".join(line + b"\n" for line in lines)

    def restart(self) -> None:
        self.restart_unseen()
        self._tell()

    def restart_unseen(self) -> None:
        """Before anybody looks."""
        self.clock += 1500
        self.runs.append([])

    def end(self) -> None:
        self.over = True
        self._tell()

    def container(self) -> Container:
        began = stamp(self.clock).decode()
        ended = Ended(exit_code=1, reason="Error", started_at=began, finished_at=began)
        state = RunState(terminated=ended) if self.over else RunState(running=Began(started_at=began))
        last = RunState(terminated=ended) if len(self.runs) > 1 else RunState()
        run = ContainerRun(name="app", restart_count=len(self.runs) - 1, state=state, last_state=last)
        return Container("app", "container", run, final=self.over)

    def _tell(self) -> None:
        assert self.source is not None
        self.source.container = self.container()
        self.told()

    async def logs(
        self,
        name: str,
        namespace: str,
        *,
        container: str = "",
        follow: bool = False,
        previous: bool = False,
        since: str | float | None = None,
        tail: int | None = None,
        opened: Callable[[], None] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        self.requests += 1
        if previous and len(self.runs) < 2:
            raise Invalid("lab", "previous terminated container not found", code=400)
        run = len(self.runs) - (2 if previous else 1)
        if opened is not None:
            opened()
        floor = nanoseconds_of(since.encode()) or 0 if isinstance(since, str) else 0
        lines = [line for line in self.runs[run] if (nanoseconds_of(line) or 0) >= floor]
        lines = lines if tail is None else lines[len(lines) - min(tail, len(lines)) :]
        data = b"".join(line + b"\n" for line in lines)
        while True:
            happening, amount = self.script.pop(0) if self.script and not previous else ("end", 0)
            if happening in ("cut", "die"):
                async for chunk in self._chunks(data[:amount]):
                    yield chunk
                if happening == "die":
                    self.write(4)
                    self.restart()
                    self.write(3)
                raise Unreachable("lab", "the connection was lost")
            if happening == "refuse":
                raise ApiError("lab", "the server is tired", code=503, retry_after=0.0)
            if happening == "write" and follow and not self.over:
                data += self.write(amount)
                continue
            async for chunk in self._chunks(data):
                yield chunk
            if happening == "restart" and not self.over:
                self.restart()
            elif happening == "end" and not previous:
                self.end()
            return

    async def _chunks(self, data: bytes) -> AsyncGenerator[bytes, None]:
        for at in range(0, len(data), self.size):
            yield data[at : at + self.size]


def source_of(container: FaultyContainer) -> Source:
    source = Source(
        number=0,
        cluster_id="lab",
        cluster=safe_text("lab"),
        namespace="pay",
        pod="api-1",
        uid="u1",
        name="app",
        role="container",
        container=container.container(),
    )
    container.source = source
    return source
