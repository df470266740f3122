"""A bad day: each cluster has its own trouble, and every trouble has a cause that can be mended.

prod-eu  pay/api was rolled out to 4.19.0, which crashes: the rollout is stuck half way (undo it).
         ingest/worker needs more memory than its limit and is OOM-killed (raise the limit).
prod-us  cart/checkout asks for an image that does not exist (correct the tag);
         search/reindex wants more CPU than any node has; a node fell silent half an hour ago.
edge-7   edge/camera-feed never gets ready; a nightly job fails.
"""

from __future__ import annotations

import time
from dataclasses import replace

from backend.demo.ages import HOUR, MINUTE
from backend.demo.behaviour import Behaviour
from backend.demo.controllers.plane import ControlPlane
from backend.demo.scenarios import Scenario
from backend.demo.scenarios.acts import set_version
from backend.demo.scenarios.calm import step as ordinary_step
from backend.demo.workloads import EDGE, SHOP, Workload
from backend.demo.world import deploy

_TROUBLED = frozenset({"api", "worker", "checkout", "reindex", "camera-feed"})


def _roll_out(plane: ControlPlane, namespace: str, name: str, version: str, fate: Behaviour) -> None:
    """Roll out a version that behaves so, a while ago."""
    cluster = plane.engine.cluster
    stored = cluster.store.get("apps/deployments", namespace, name)
    if stored is None:
        return
    image = stored.object()["spec"]["template"]["spec"]["containers"][0]["image"].rpartition(":")[0]
    cluster.behaviours.by_image[f"{image}:{version}"] = fate
    cluster.moment = time.time() - cluster.random.uniform(2, 4) * HOUR
    set_version(cluster, namespace, name, version)
    plane.engine.settle()
    cluster.moment = None


def _europe(plane: ControlPlane) -> None:
    _roll_out(plane, "pay", "api", "4.19.0", Behaviour(fate="crashes", after=9.0, exit_code=2))
    hungry = Behaviour(fate="oom", after=25.0, memory="400Mi")
    _roll_out(plane, "ingest", "worker", "3.1.0", hungry)


def _america(plane: ControlPlane) -> None:
    cluster = plane.engine.cluster
    _roll_out(plane, "cart", "checkout", "2.15.0-rc1", Behaviour(fate="missing"))
    cluster.moment = time.time() - 35 * MINUTE
    deploy(plane, Workload("search", "reindex", replicas=1, version="5.3.0", cpu="64", memory="2Gi"))
    cluster.moment = None
    workers = [name for _, name in cluster.store.collection("nodes").items if "-node-" in name]
    if workers:
        cluster.moment = time.time() - 27 * MINUTE  # its pods were evicted, and replaced elsewhere
        plane.nodes.lose(cluster.random.choice(workers), since=time.time() - 33 * MINUTE)
        plane.engine.settle()
        cluster.moment = None


def _edge(plane: ControlPlane) -> None:
    _roll_out(plane, "edge", "camera-feed", "0.9.9", Behaviour(fate="unready"))
    cluster = plane.engine.cluster
    base = next((w for w in (*SHOP, *EDGE) if w.name == "nightly-compact"), None)
    if base is None:
        return
    broken = replace(base, name="sync-upstream", version="1.1.0")
    cluster.behaviours.by_image[broken.image_name] = Behaviour(fate="crashes", after=4.0, exit_code=3)
    cluster.moment = time.time() - 3 * HOUR
    deploy(plane, broken)
    cluster.moment = None


def _prepare(plane: ControlPlane, number: int) -> None:
    (_europe, _america, _edge)[number % 3](plane)
    plane.engine.settle()


def _step(plane: ControlPlane) -> None:
    ordinary_step(plane, spared=_TROUBLED)


SCENARIO = Scenario(
    "incident", "Crash loops, OOM kills, a bad image, a lost node, a stuck rollout.", _prepare, _step
)
