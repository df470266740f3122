"""The applications of the demo fleet: what an ordinary shop runs on its clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "CronJob"]
_REGISTRY = "registry.shop.example"


@dataclass(frozen=True, slots=True)
class Workload:
    """One application component, in the terms of its manifest."""

    namespace: str
    name: str
    kind: WorkloadKind = "Deployment"
    replicas: int = 2
    version: str = "1.0.0"
    cpu: str = "100m"
    memory: str = "128Mi"
    port: int = 8080
    storage: str = ""
    """Size of the claim of each replica (StatefulSet)."""
    schedule: str = ""
    image: str = ""
    exposed: bool = False
    """Reached from outside, through an Ingress."""

    @property
    def image_name(self) -> str:
        return f"{self.image or f'{_REGISTRY}/{self.namespace}/{self.name}'}:{self.version}"

    @property
    def labels(self) -> dict[str, str]:
        return {
            "app": self.name,
            "app.kubernetes.io/name": self.name,
            "app.kubernetes.io/part-of": self.namespace,
        }


SHOP: tuple[Workload, ...] = (
    Workload("pay", "api", replicas=3, version="4.18.2", cpu="250m", memory="256Mi", exposed=True),
    Workload(
        "pay", "ledger", kind="StatefulSet", replicas=3, version="2.9.0", memory="512Mi", storage="20Gi"
    ),
    Workload("pay", "fraud-check", replicas=2, version="1.33.0", memory="384Mi"),
    Workload("pay", "settle", kind="CronJob", version="1.7.4", schedule="*/10 * * * *"),
    Workload("cart", "checkout", replicas=4, version="2.14.0", cpu="200m", exposed=True),
    Workload(
        "cart", "session-store", kind="StatefulSet", replicas=2, version="7.4.1", storage="8Gi", port=6379
    ),
    Workload("cart", "price-feed", replicas=2, version="0.61.3"),
    Workload("search", "query", replicas=3, version="5.2.1", cpu="500m", memory="512Mi", exposed=True),
    Workload("search", "indexer", replicas=2, version="5.2.1", memory="1Gi"),
    Workload(
        "search",
        "shards",
        kind="StatefulSet",
        replicas=3,
        version="2.19.0",
        memory="2Gi",
        storage="100Gi",
        port=9200,
    ),
    Workload("ingest", "gateway", replicas=2, version="3.0.7", port=4317),
    Workload("ingest", "worker", replicas=4, version="3.0.7", cpu="300m", memory="256Mi"),
    Workload("ingest", "nightly-compact", kind="CronJob", version="3.0.7", schedule="*/15 * * * *"),
    Workload("web", "storefront", replicas=4, version="12.1.0", port=3000, exposed=True),
    Workload("web", "image-resizer", replicas=2, version="1.4.9", cpu="400m", memory="512Mi"),
    Workload("observe", "collector", kind="DaemonSet", version="0.139.0", memory="200Mi", port=4317),
    Workload("observe", "dashboards", replicas=1, version="12.2.0", port=3000),
    Workload(
        "kube-system",
        "coredns",
        replicas=2,
        version="v1.12.1",
        image="registry.k8s.io/coredns/coredns",
        port=53,
    ),
    Workload(
        "kube-system",
        "kube-proxy",
        kind="DaemonSet",
        version="v1.35.4",
        image="registry.k8s.io/kube-proxy",
        port=10256,
    ),
    Workload(
        "kube-system",
        "metrics-server",
        replicas=1,
        version="v0.8.0",
        image="registry.k8s.io/metrics-server/metrics-server",
    ),
)

_EVERYWHERE = ("ingest", "observe", "kube-system")
EDGE: tuple[Workload, ...] = (
    *(workload for workload in SHOP if workload.namespace in _EVERYWHERE),
    Workload("edge", "camera-feed", replicas=2, version="0.9.8"),
    Workload("edge", "local-cache", kind="StatefulSet", replicas=1, version="1.2.0", storage="4Gi"),
)


def pod_template(workload: Workload) -> dict[str, Any]:
    """The pod template of a workload with the server's defaults filled in."""
    resources = {
        "requests": {"cpu": workload.cpu, "memory": workload.memory},
        "limits": {"memory": workload.memory},
    }
    container: dict[str, Any] = {
        "name": workload.name,
        "image": workload.image_name,
        "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": workload.port, "name": "main", "protocol": "TCP"}],
        "env": [{"name": "LOG_LEVEL", "value": "info"}],
        "resources": resources,
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }
    if workload.kind != "CronJob":
        container["readinessProbe"] = {
            "httpGet": {"path": "/healthz", "port": "main", "scheme": "HTTP"},
            "periodSeconds": 10,
            "timeoutSeconds": 1,
            "successThreshold": 1,
            "failureThreshold": 3,
        }
    if workload.storage:
        container["volumeMounts"] = [{"name": "data", "mountPath": "/var/lib/data"}]
    spec: dict[str, Any] = {
        "containers": [container],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "OnFailure" if workload.kind == "CronJob" else "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
    }
    return {"metadata": {"labels": workload.labels}, "spec": spec}
