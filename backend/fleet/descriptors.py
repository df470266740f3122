"""File descriptors for a fleet: each watch holds one, and the usual limit (256 to 1,024) is soon reached."""

from __future__ import annotations

import contextlib
import resource

_EACH = 6
"""Connections of one cluster that a person may come to hold: watches of a few kinds, a log, a request."""
_OWN = 256
_MOST = 65_536


def make_room(clusters: int) -> int:
    """Raise this process's soft limit as far as the system allows and the fleet may need; the limit now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    ceiling = _MOST if hard == resource.RLIM_INFINITY else hard
    wanted = min(_OWN + _EACH * clusters, ceiling)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):  # macOS refuses above its own maximum
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
