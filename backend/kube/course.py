"""What a reflector does next: every rule of list and watch, without input, output or waiting (R6–R19).

A pure state machine: it is told what happened, and says the next step and when. So the rules can be driven
through any order of events on a simulated clock; :mod:`backend.kube.reflector` carries the steps out.

A sync is always a paged LIST, never a streamed WatchList: before 1.37 servers send those uncompressed, some
twenty times the bytes (R9).
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from backend.kube.admission import Reachability
from backend.kube.apistatus import too_large
from backend.kube.backoff import Backoff
from backend.kube.clock import Clock
from backend.kube.errors import (
    ApiError,
    CredentialError,
    Expired,
    Forbidden,
    Invalid,
    KubeError,
    NotFound,
    ServerFailed,
    TooLarge,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from backend.kube.objects import EventType
from backend.kube.status import State
from backend.kube.versions import is_newer
from backend.kube.wire import Query
from backend.text import SafeStr

WATCH_SECONDS = (300, 600)
"""``timeoutSeconds`` is drawn from here, so that a fleet's watches do not end together (kubernetes#6770)."""
SHORT_WATCH = 1.0
"""A watch that ends sooner without an event has failed, whatever it says (R19)."""
STEADY_WATCH = 10.0
"""A watch that lived this long and ended properly may be resumed at once: proxies cut at 30 or 60 s."""
HEALTHY_WATCH = 120.0
INTERNAL_ERROR_PATIENCE = 60.0
RECHECK = 600.0
"""Seconds until a refusal (403, 404) is asked about again."""
POLL = 30.0
"""Seconds between lists of a kind that can't be watched (± 30 %)."""


@dataclass(frozen=True, slots=True)
class ListNow:
    """List after ``after`` seconds; ``version_query`` empty: the latest, consistent."""

    after: float
    version_query: Query = ()


@dataclass(frozen=True, slots=True)
class WatchNow:
    after: float
    resource_version: str
    timeout_seconds: int


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until woken, or for ``seconds``; None: only a person can change this."""

    seconds: float | None


Step = ListNow | WatchNow | Rest


class Course:
    """The course of one feed. Tell it what happened; read ``step``, ``state`` and ``detail``."""

    def __init__(
        self,
        *,
        clock: Clock,
        random_source: random.Random,
        reachability: Reachability,
        watchable: bool = True,
        quiet_login: bool = False,
    ) -> None:
        """``quiet_login``: a new credential may be tried in the background, no plugin would ask a person."""
        self._clock = clock
        self._random = random_source
        self._backoff = Backoff(random_source)
        self._reachability = reachability
        self._watchable = watchable
        self._login_recheck = RECHECK if quiet_login else None
        self._connected = False
        self._version = ""
        self._synced = False
        self._at_once = True
        """May the next reconnect be immediate? Earned by a healthy watch, spent by one reconnect (R12)."""
        self._opened_at: float | None = None
        self._began_unversioned = False
        self._events = 0
        self._internal_errors_since: float | None = None
        self.step: Step = ListNow(0.0)
        self.state = State.SYNCING
        self.detail = SafeStr("")
        self.advice = SafeStr("")
        self.more = SafeStr("")
        """Next step and detail of the error that the state comes from; never the error, it holds frames."""

    @property
    def version(self) -> str:
        """The resource version a watch would resume from."""
        return self._version

    # -- lists ----------------------------------------------------------------------------------------------

    def listed(self, version: str) -> None:
        """A list was finished, as of ``version``."""
        self._version = version
        self._synced = True
        self._internal_errors_since = None
        self._become(State.LIVE, "")
        self.step = self._watch(0.0) if self._watchable else ListNow(POLL * self._random.uniform(0.7, 1.3))

    def list_failed(self, error: KubeError) -> None:
        """The list did not come to its end."""
        self._connected = False
        if self._stopped_by(error):
            return
        query = self.step.version_query if isinstance(self.step, ListNow) else ()
        if isinstance(error, Expired) or (isinstance(error, ApiError) and too_large(error)):
            query = ()  # the server can't serve that version any more (or yet): take what it has (R13)
        self._become(self._troubled(error), error.sentence, error)
        self.step = ListNow(self._pause(error), query)

    # -- watches --------------------------------------------------------------------------------------------

    def watching(self) -> None:
        """The server accepted the watch."""
        self._opened_at = self._clock.now()
        self._connected = True
        self._events = 0
        self._began_unversioned = self._version in {"", "0"}
        self._become(State.LIVE, "")

    def seen(self, type: EventType, version: str) -> None:
        """An event or bookmark arrived. The version moves on, but never by an ADDED the server made up (R11).

        A watch that began without a version is opened with such events, in no order.
        """
        self._events += 1
        self._internal_errors_since = None
        if self._began_unversioned and type == "ADDED":
            return
        if version and is_newer(version, self._version):
            self._version = version

    def watch_ended(self, error: KubeError | None) -> None:
        """The watch is over: properly (None), by an error of the connection, a refusal, or an ERROR event."""
        lasted = self._end_of_watch(error)
        if error is None:
            failed = lasted < SHORT_WATCH and not self._events
            self.step = self._watch(self._resume_pause(None, failed=failed))
        elif not self._stopped_by(error):
            self._become(self._troubled(error), error.sentence, error)
            self.step = self._after_failure(error)

    def overflowed(self, reason: SafeStr) -> None:
        """Events came faster than they could be taken in; they were dropped, so list again (R23)."""
        self._end_of_watch(None)
        self._become(State.STALE, reason)
        self.step = self._relist()

    def woken(self) -> None:
        """A person asked, the credentials changed, or a rest is over: try again."""
        if isinstance(self.step, WatchNow) or (isinstance(self.step, Rest) and self._can_resume):
            self.step = self._watch(0.0)
        else:
            query = self.step.version_query if isinstance(self.step, ListNow) else self._not_older()
            self.step = ListNow(0.0, query)

    # -- decisions ------------------------------------------------------------------------------------------

    @property
    def _can_resume(self) -> bool:
        return self._synced and self._watchable and self.state is State.AUTH

    def _after_failure(self, error: KubeError) -> Step:
        if isinstance(error, Expired):
            return self._relist()
        if isinstance(error, ApiError) and too_large(error):
            return ListNow(self._pause(error))
        if isinstance(error, ApiError) and error.code == 405:
            self._watchable = False
            return ListNow(POLL * self._random.uniform(0.7, 1.3))
        if isinstance(error, Invalid):
            return ListNow(self._pause(error))
        if isinstance(error, ServerFailed) and error.code == 500:
            return self._after_internal_error(error)
        return self._watch(self._resume_pause(error, failed=not isinstance(error, Unreachable)))

    def _after_internal_error(self, error: ServerFailed) -> Step:
        """Ask again for a minute, then list: what it stumbles over may be our version (R15)."""
        now = self._clock.now()
        since = self._internal_errors_since
        self._internal_errors_since = since if since is not None else now
        if since is not None and now - since > INTERNAL_ERROR_PATIENCE:
            self._internal_errors_since = None
            return self._relist()
        return self._watch(self._pause(error))

    def _relist(self) -> ListNow:
        """List what is at least as new as we know; one that can't is then asked for what it has (R13)."""
        return ListNow(self._resume_pause(None, failed=False), self._not_older())

    def _not_older(self) -> Query:
        if self._version in {"", "0"}:
            return ()
        return (("resourceVersion", self._version), ("resourceVersionMatch", "NotOlderThan"))

    def _watch(self, after: float) -> WatchNow:
        return WatchNow(after, self._version, self._random.randint(*WATCH_SECONDS))

    def _resume_pause(self, error: KubeError | None, *, failed: bool) -> float:
        """Nothing, once, after a healthy watch; else the backoff's (R12)."""
        if self._at_once and not failed:
            self._at_once = False
            return 0.0
        return self._pause(error)

    def _pause(self, error: KubeError | None) -> float:
        now = self._clock.now()
        asked = error.retry_after if isinstance(error, ApiError) else None
        if isinstance(error, Unreachable) and not self._connected:
            return self._reachability.failed(now)  # the place's failure, not this feed's (R5)
        return self._backoff.next(now, at_least=asked)

    def _end_of_watch(self, error: KubeError | None) -> float:
        """Seconds the watch lasted; a good one earns an immediate reconnect."""
        opened, self._opened_at = self._opened_at, None
        self._connected = opened is not None
        if opened is None:
            return 0.0
        lasted = self._clock.now() - opened
        if lasted >= HEALTHY_WATCH or (error is None and lasted >= STEADY_WATCH):
            self._at_once = True
        return lasted

    def _stopped_by(self, error: KubeError) -> bool:
        """Refusals that trying again at once can't heal."""
        state = _stop(error)
        if state is None:
            return False
        self._become(state, error.sentence, error)
        if state is State.AUTH:
            self.step = Rest(self._login_recheck)
        else:
            self.step = Rest(None if state is State.TOO_LARGE else RECHECK)
        return True

    def _troubled(self, error: KubeError) -> State:
        waiting = isinstance(error, (TooManyRequests, ServerFailed, Expired, Invalid))
        if not waiting:
            return State.UNREACHABLE
        return State.STALE if self._synced else State.SYNCING

    def _become(self, state: State, detail: str, error: KubeError | None = None) -> None:
        self.state = state
        self.detail = SafeStr(detail)
        self.advice = error.advice if error is not None else SafeStr("")
        self.more = error.detail if error is not None else SafeStr("")


def _stop(error: KubeError) -> State | None:
    """The state that stops a feed until something changes. Plugins may open browsers (R16)."""
    if isinstance(error, (Unauthorized, CredentialError)):
        return State.AUTH
    if isinstance(error, Forbidden):
        return State.FORBIDDEN
    if isinstance(error, NotFound):
        return State.NOT_FOUND
    return State.TOO_LARGE if isinstance(error, TooLarge) else None
