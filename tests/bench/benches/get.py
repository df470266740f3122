"""``navarch get pods`` beside ``kubectl get pods -A`` on a real API server with 10,000 pods of about 5 kB.

kubectl is built from the server's own release and keeps its discovery cache between turns.
"""

from __future__ import annotations

from tests.bench.bench import Place
from tests.bench.measure import alternate
from tests.bench.table import Line, megabytes, seconds

PODS = 10_000
WALL_RATIO = 0.35
PEAK = 130e6


def measure(place: Place) -> list[Line]:
    """Wall, processor time and peak memory of both."""
    rig = place.filled_rig(pods=PODS)
    config, context = str(rig.kubeconfig), rig.clusters[0].name
    commands = {
        "ours": [*place.navarch, "get", "pods", "--kubeconfig", config, "-c", context],
        "peer": [rig.programs["kubectl"], "--kubeconfig", config, "--context", context, "get", "pods", "-A"],
    }
    medians = alternate(commands, place.environment, place.folder, lines=PODS)
    ours, peer = medians["ours"], medians["peer"]
    wall, peak = ours.wall / peer.wall, ours.peak / peer.peak
    return [
        Line(
            "10,000 pods, wall, against kubectl",
            seconds(ours.wall),
            seconds(peer.wall),
            wall,
            f"≤ {WALL_RATIO} ×",
            wall <= WALL_RATIO,
        ),
        Line("… processor time", seconds(ours.cpu), seconds(peer.cpu), ours.cpu / peer.cpu),
        Line(
            "… peak resident memory",
            megabytes(ours.peak),
            megabytes(peer.peak),
            peak,
            f"≤ {megabytes(PEAK)}",
            ours.peak <= PEAK,
        ),
    ]
