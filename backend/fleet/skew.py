"""How far versions lie apart: kubelets from their server, servers from each other.

Source: Kubernetes' version skew policy. A kubelet may be up to three minor versions older than its server
(two, if it is older than 1.25) and never newer; one kubectl serves servers one minor older to one newer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_VERSION = re.compile(r"v?(\d{1,4})\.(\d{1,4})")
KUBELET_BEHIND = 3
OLD_KUBELET_BEHIND = 2
KUBECTL_REACH = 1

Minor = tuple[int, int]


def minor_of(version: str) -> Minor | None:
    """(1, 35) of ``v1.35.4+k3s1``; None for what is no version."""
    found = _VERSION.match(version)
    return (int(found[1]), int(found[2])) if found else None


def kubelet_warning(server: str, kubelets: Sequence[tuple[str, int]]) -> str:
    """A sentence when nodes run what their server does not support; empty: all is well, or unknown."""
    own = minor_of(server)
    if own is None:
        return ""
    newer = sum(count for version, count in kubelets if (minor_of(version) or own) > own)
    if newer:
        return f"{_nodes(newer)} newer than the server"
    older = [(own[1] - minor[1], minor, count) for minor, count in _minors(kubelets) if minor[0] == own[0]]
    beyond = [(apart, count) for apart, minor, count in older if apart > _allowed(minor)]
    if not beyond:
        return ""
    worst = max(apart for apart, _ in beyond)
    nodes = sum(count for _, count in beyond)
    return f"{_nodes(nodes)} up to {worst} minor versions behind the server (3 are supported)"


def _minors(kubelets: Sequence[tuple[str, int]]) -> Iterable[tuple[Minor, int]]:
    for version, count in kubelets:
        minor = minor_of(version)
        if minor is not None:
            yield minor, count


def _allowed(kubelet: Minor) -> int:
    return OLD_KUBELET_BEHIND if kubelet < (1, 25) else KUBELET_BEHIND


def _nodes(count: int) -> str:
    return f"{count} node{' runs a kubelet' if count == 1 else 's run kubelets'}"


def behind(server: str, fleet: Iterable[str]) -> int | None:
    """Minor versions that this server is behind the newest of the fleet; None: its version is not known."""
    own = minor_of(server)
    if own is None:
        return None
    newest = max((minor for version in fleet if (minor := minor_of(version)) is not None), default=own)
    return newest[1] - own[1] if newest[0] == own[0] else None


def spread(versions: Iterable[str]) -> str:
    """Oldest to newest minor, ``v1.31 – v1.35``; empty when all are the same, or none is known."""
    minors = sorted({minor for version in versions if (minor := minor_of(version)) is not None})
    if len(minors) < 2:
        return ""
    (oldest_major, oldest), (newest_major, newest) = minors[0], minors[-1]
    words = f"v{oldest_major}.{oldest} – v{newest_major}.{newest}"
    apart = newest - oldest if oldest_major == newest_major else 99
    return words if apart <= 2 * KUBECTL_REACH else f"{words}: no one kubectl suits all"
