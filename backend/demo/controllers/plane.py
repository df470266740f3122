"""The control plane of one cluster: every controller on one engine."""

from __future__ import annotations

from dataclasses import dataclass

from backend.demo.cluster import Cluster
from backend.demo.controllers.cronjob import CronJobController
from backend.demo.controllers.daemonset import DaemonSetController
from backend.demo.controllers.definitions import DefinitionController
from backend.demo.controllers.deployment import DeploymentController
from backend.demo.controllers.disruption import DisruptionController
from backend.demo.controllers.garbage import GarbageCollector, NamespaceController
from backend.demo.controllers.job import JobController
from backend.demo.controllers.kubelet import Kubelet
from backend.demo.controllers.network import EndpointSliceController
from backend.demo.controllers.nodes import NodeController
from backend.demo.controllers.quota import QuotaController
from backend.demo.controllers.replicaset import ReplicaSetController
from backend.demo.controllers.scheduler import Scheduler
from backend.demo.controllers.statefulset import StatefulSetController
from backend.demo.controllers.volumes import VolumeController
from backend.demo.engine import Engine


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """An engine with its controllers; scenarios reach for the ones they steer."""

    engine: Engine
    nodes: NodeController
    cronjobs: CronJobController


def control_plane(cluster: Cluster) -> ControlPlane:
    engine = Engine(cluster)
    nodes, cronjobs = NodeController(engine), CronJobController(engine)
    for controller in (
        NamespaceController(engine),
        nodes,
        Scheduler(engine),
        Kubelet(engine),
        DeploymentController(engine),
        ReplicaSetController(engine),
        StatefulSetController(engine),
        DaemonSetController(engine),
        JobController(engine),
        cronjobs,
        VolumeController(engine),
        EndpointSliceController(engine),
        DefinitionController(engine),
        QuotaController(engine),
        DisruptionController(engine),
        GarbageCollector(engine),
    ):
        engine.add(controller)
    return ControlPlane(engine, nodes, cronjobs)
